//! Reads SQL as far as the rules about it need.

/// Splits SQL into upper-case words.
pub(crate) fn sql_words(sql: &str) -> Vec<String> {
    sql.lines()
        .map(|line| line.split("--").next().unwrap_or_default())
        .flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '.'))
        .filter(|word| !word.is_empty())
        .map(str::to_uppercase)
        .collect()
}

/// Returns `table.column` for each column of a migration that could hold words.
pub(crate) fn columns_for_words(sql: &str) -> Vec<String> {
    let words: String = sql
        .lines()
        .map(|line| line.split("--").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    let mut columns = Vec::new();
    for statement in words.split(';') {
        let head: Vec<&str> = statement.split_whitespace().take(6).collect();
        let upper: Vec<String> = head.iter().map(|word| word.to_uppercase()).collect();
        let Some((_, body)) = statement.split_once('(') else {
            continue;
        };
        if upper.first().is_some_and(|w| w == "CREATE")
            && upper.get(1).is_some_and(|w| w == "TABLE")
        {
            let head = statement.split('(').next().unwrap_or_default();
            let table = head.split_whitespace().last().unwrap_or_default();
            columns.extend(
                definitions(body)
                    .iter()
                    .filter_map(|definition| column_for_words(definition))
                    .map(|column| format!("{table}.{column}")),
            );
        }
    }
    // A column may be added later, too.
    for statement in words.split(';') {
        let parts: Vec<&str> = statement.split_whitespace().collect();
        if let [alter, _, table, add, rest @ ..] = parts.as_slice()
            && alter.eq_ignore_ascii_case("ALTER")
            && add.eq_ignore_ascii_case("ADD")
        {
            let rest = match rest {
                [column, rest @ ..] if column.eq_ignore_ascii_case("COLUMN") => rest,
                rest => rest,
            };
            let column = column_for_words(&rest.join(" "));
            columns.extend(column.map(|column| format!("{table}.{column}")));
        }
    }
    columns
}

/// Splits the body of a table at the commas that stand in no parentheses.
fn definitions(body: &str) -> Vec<String> {
    let mut definitions = vec![String::new()];
    let mut depth = 0_usize;
    for c in body.chars() {
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => break,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                definitions.push(String::new());
                continue;
            }
            _ => {}
        }
        definitions.last_mut().unwrap().push(c);
    }
    definitions
}

/// Returns a column's name if its type could hold words.
fn column_for_words(definition: &str) -> Option<String> {
    let mut words = definition.split_whitespace();
    let (name, kind) = (words.next()?, words.next()?);
    let could = ["TEXT", "BLOB", "ANY"]
        .iter()
        .any(|kept| kind.eq_ignore_ascii_case(kept));
    could.then(|| name.to_owned())
}

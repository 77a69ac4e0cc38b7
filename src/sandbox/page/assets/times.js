// Times as Slack shows them, in the zone of whoever reads.

const formats = new Map();

function format(zone, options) {
  const key = JSON.stringify([zone, options]);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat("en-US", { timeZone: zone, ...options }));
  return formats.get(key);
}

/** The civil time of an instant in a zone: `{year, month, day, hour, minute, second, weekday}`; Sunday is 0. */
export function civil(ms, zone) {
  const options = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric", weekday: "short", hourCycle: "h23" };
  const parts = Object.fromEntries(format(zone, options).formatToParts(ms).map(({ type, value }) => [type, value]));
  const number = (name) => Number(parts[name]);
  return {
    year: number("year"), month: number("month"), day: number("day"),
    hour: number("hour"), minute: number("minute"), second: number("second"),
    weekday: ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"].indexOf(parts.weekday),
  };
}

/** The instant of a civil time in a zone. Where clocks are put forward, the later of what could be meant. */
export function instant({ year, month, day, hour, minute }, zone) {
  const wanted = Date.UTC(year, month - 1, day, hour, minute);
  let ms = wanted;
  for (let turn = 0; turn < 3; turn += 1) {
    const is = civil(ms, zone);
    ms += wanted - Date.UTC(is.year, is.month - 1, is.day, is.hour, is.minute);
  }
  return ms;
}

/** The next time that it is this weekday at this time in the zone, strictly after `from`. */
export function nextTime(from, zone, weekday, hour, minute) {
  const now = civil(from, zone);
  for (let ahead = (weekday - now.weekday + 7) % 7; ; ahead += 7) {
    const ms = instant({ year: now.year, month: now.month, day: now.day + ahead, hour, minute }, zone);
    if (ms > from) return ms;
  }
}

const pad = (n) => String(n).padStart(2, "0");

/** `02:14` */
export function clockTime(ms, zone) {
  const { hour, minute } = civil(ms, zone);
  return `${pad(hour)}:${pad(minute)}`;
}

/** `Sat 28 Nov, 02:14`, for the clock of the stage. */
export function longTime(ms, zone) {
  const parts = Object.fromEntries(format(zone, { weekday: "short", day: "numeric", month: "short" }).formatToParts(ms).map(({ type, value }) => [type, value]));
  return `${parts.weekday} ${parts.day} ${parts.month}, ${clockTime(ms, zone)}`;
}

/** A number that is the same all day. */
export function dayOf(ms, zone) {
  const { year, month, day } = civil(ms, zone);
  return Date.UTC(year, month - 1, day) / 86_400_000;
}

function ordinal(day) {
  const tens = day % 100;
  const ending = tens > 10 && tens < 14 ? "th" : ({ 1: "st", 2: "nd", 3: "rd" })[day % 10] ?? "th";
  return `${day}${ending}`;
}

/** The line between two days: `Today`, `Yesterday`, `Saturday, November 28th`. */
export function dayLine(ms, zone, now) {
  return pretty(ms, zone, now) ?? `${format(zone, { weekday: "long" }).format(ms)}, ${monthDay(ms, zone, "long")}`;
}

function pretty(ms, zone, now) {
  const days = dayOf(ms, zone) - dayOf(now, zone);
  return { 0: "Today", [-1]: "Yesterday", 1: "Tomorrow" }[days] ?? null;
}

function monthDay(ms, zone, month) {
  return `${format(zone, { month }).format(ms)} ${ordinal(civil(ms, zone).day)}`;
}

/** `just now`, `5 minutes ago`, `in 2 hours`. */
export function ago(ms, now) {
  const minutes = Math.round((now - ms) / 60_000);
  const far = Math.abs(minutes);
  if (far < 1) return "just now";
  const [n, unit] = far < 60 ? [far, "minute"] : far < 1440 ? [Math.round(far / 60), "hour"] : [Math.round(far / 1440), "day"];
  const words = `${n} ${unit}${n === 1 ? "" : "s"}`;
  return minutes > 0 ? `${words} ago` : `in ${words}`;
}

/** What Slack makes of `<!date^…^FORMAT|…>`. */
export function slackDate(seconds, wanted, zone, now) {
  const ms = seconds * 1000;
  const year = civil(ms, zone).year;
  const far = year !== civil(now, zone).year ? `, ${year}` : "";
  const short = `${format(zone, { month: "short" }).format(ms)} ${civil(ms, zone).day}${far}`;
  const plain = `${monthDay(ms, zone, "long")}${far}`;
  const long = `${format(zone, { weekday: "long" }).format(ms)}, ${plain}`;
  const eased = (otherwise) => pretty(ms, zone, now)?.toLowerCase() ?? otherwise;
  const { year: y, month, day, second } = civil(ms, zone);
  const words = {
    date_num: () => `${y}-${pad(month)}-${pad(day)}`,
    date_slash: () => `${pad(month)}/${pad(day)}/${y}`,
    date: () => plain, date_short: () => short, date_long: () => long,
    date_pretty: () => eased(plain), date_short_pretty: () => eased(short), date_long_pretty: () => eased(long),
    day_divider_pretty: () => dayLine(ms, zone, now),
    time: () => clockTime(ms, zone), time_secs: () => `${clockTime(ms, zone)}:${pad(second)}`,
    ago: () => ago(ms, now),
  };
  return wanted.replace(/\{(\w+)\}/g, (whole, name) => words[name]?.() ?? whole);
}

/** The whole of an instant, for the hint on a time. */
export function fullTime(ms, zone) {
  return `${format(zone, { weekday: "long" }).format(ms)}, ${monthDay(ms, zone, "long")} ${civil(ms, zone).year} at ${clockTime(ms, zone)}:${pad(civil(ms, zone).second)}`;
}

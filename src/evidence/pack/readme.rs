//! README.txt: what a pack holds, how to check it without us, and what it can't say.

use std::fmt::Write as _;

use super::context::Context;
use super::sampling::{self, OF_SEEDS, RECIPE};
use crate::evidence::record::utc;
use crate::evidence::sample::Draw;

/// Returns the text.
pub(super) fn readme(context: &Context<'_>, draw: Option<Draw>, n_samples: usize) -> String {
    let wanted = context.wanted;
    let key = wanted.key.verifier();
    format!(
        "\
Evidence of change management, {period}
{underline}

From the log of the workspace {workspace}, as of checkpoint {n}
({made_at}, {size} records). Days begin at midnight in {zone}; times are UTC.
{unfinished}
What is in it

  index.html                 everything to be read in a browser, without a network
  SOC 2 Evidence/Change Management/
    Change Log.xlsx          every change of the period, the exceptions with their answers,
                             what sources told of and isn't counted by itself (by whose word,
                             when, why), the rate by week, and how the population was obtained
    Sample n - DATE NAME/    one folder for each sampled change: its papers, what was attached,
                             record.json (all that is known of it, for programs) and
                             inclusion_proof.json (its records in the log, each with its proof)
    Policies/                the emergency change procedure by the policy in force, and the
                             policies of the period as they were written
  verify/                    what it takes to check all of this

It holds what was said in private channels, too, word for word: keep it accordingly. Which of
the channels were private the log doesn't know, so nothing is marked as such.

Samples are numbered in the order in which they were drawn. A larger sample by the same seed
begins with the same ones.

How to check it

  1. With Python 3.8 or newer, and nothing else:

       python3 verify/verify.py
       python3 verify/verify.py --key KEY --witness CHECKPOINT

     KEY is the key that you were told by somebody whom you trust, and CHECKPOINT a file with a
     checkpoint that you or others kept: the weekly report carries one each week, and below each
     approval in Slack stands a line `Log: … records, root …`; --witness may be given more than
     once. The verifier is about thirteen hundred lines; read it.

  2. With openssl 3, the signatures alone:

       cd verify
       openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in checkpoint.body -sigfile checkpoint.sig
       sed '/^$/,$d' MANIFEST.note > /tmp/list.body
       tail -n 1 MANIFEST.note | cut -d ' ' -f 3 | base64 -d | tail -c 64 > /tmp/list.sig
       openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in /tmp/list.body -sigfile /tmp/list.sig
       sha256sum MANIFEST        # the second line of MANIFEST.note
       cd .. && sha256sum --check --quiet verify/MANIFEST

  3. With any program that reads the public formats: https://c2sp.org/signed-note,
     https://c2sp.org/tlog-checkpoint and RFC 6962 (a leaf is a line of leaves.jsonl without its end).

  4. `breakglass verify PACK.zip` checks the same as verify.py, in the same order and words.

What is bound to what

  A checkpoint that somebody else kept binds the log up to it: not even whoever holds the key can
  alter, drop or put in a record without that being seen.
  To the log are bound: which emergency changes Change Log.xlsx lists, as what (emergency,
  rehearsal, second record, never deployed) and of when; that each other row of it was told by a
  source, at most once; the counts in verify/pack.json and the draw of the samples by their seed;
  and of each sample its texts, its timeline and what its sources told. All records from the first
  of the period up to the checkpoint are in verify/leaves.jsonl, and those before of the changes
  that go on in them, for what is recorded late may be of the period.
  To the signed list of files alone are bound: the papers, attachments, policies and index.html,
  the other columns and sheets of the change log, all else in a record.json, the period and the
  time of the checkpoint. Of these you know that they are as they were signed. The papers and
  index.html are made from what is in record.json: each paper names the SHA-256 of its record.json
  at its foot (compare: sha256sum record.json).

The key by which it is signed

  {key}
  SHA-256 of the public key: {fingerprint}

How the samples were chosen

  {chosen}
{again}
What this can't say

  What was never recorded, and never told by a source. Compare with what your deployment tools
  list. Whether each change that a source told of has its row: the log holds what was told only
  as hashes, and the facts behind them are in the pack for the samples alone. What whoever holds
  the key wrote anew of what is bound to the signed list alone, at any time; and of the log, what
  they wrote anew after the newest checkpoint that somebody else kept. Of a text that is said to
  be taken out after the checkpoint, whether it was: the verifier says how many there are. And
  what somebody meant by what they wrote.
",
        period = context.period(),
        underline = "=".repeat(32 + context.period().len()),
        workspace = context.moment.workspace(),
        n = wanted.checkpoint.n,
        made_at = utc(context.at),
        size = context.size,
        zone = wanted.zone,
        fingerprint = key.fingerprint(),
        unfinished = context
            .unfinished()
            .map_or_else(String::new, |words| format!("\n{words}\n")),
        chosen = sampling::in_words(wanted.which, draw),
        again = draw.map_or_else(String::new, |draw| again(draw, n_samples)),
    )
}

/// How to draw the samples again.
fn again(draw: Draw, n_samples: usize) -> String {
    let mut out = String::new();
    for line in OF_SEEDS.iter().chain(&[""]).chain(&RECIPE) {
        let _ = writeln!(out, "{}", format!("  {line}").trim_end());
    }
    out.push_str(
        "\n  Or save the sheet Change Log as log.csv, and run python3 with this, which prints the\n  \
         samples of this pack in their order:\n\n",
    );
    for line in sampling::program(draw, n_samples).lines() {
        let _ = writeln!(out, "    {line}");
    }
    out
}

//! When Slack, the network or the bot itself fails in the middle.

//! A Slack workspace in a box. Knows nothing of the rest of the bot.

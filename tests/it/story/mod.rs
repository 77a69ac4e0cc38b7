//! Conversations of the real bot with people, each a fact about the story.

mod capture;

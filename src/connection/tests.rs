//! Situations of one conversation, without a socket.

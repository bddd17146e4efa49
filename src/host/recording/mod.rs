//! Recordings: raw bytes with times, input, resizes and exit, as asciicast files.

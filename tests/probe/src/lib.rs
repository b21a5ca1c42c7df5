//! A test-only module on the same runtime that pauses, calls out, holds bodies and traps on command.

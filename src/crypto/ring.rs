//! The default provider, over ring; the only file that names it.

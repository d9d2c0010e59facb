//! From TOML to checked hardware: specs as written, one resolution, errors with file, line and key.

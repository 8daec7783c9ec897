# Sourced by the scripts that fill a cache: a folder to work in, which does not outlive the run.

# Sets `work` to a new folder in FOLDER, whose lock the caller holds: other such folders are what killed runs left.
make_work_folder() { # FOLDER
  rm -rf "$1"/new.*
  trap 'rm -rf "$work"' EXIT
  work=$(mktemp -d "$1/new.XXXXXX")
}

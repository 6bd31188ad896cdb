# What a login shell is told of its person, for any POSIX shell. Every line NAME=value of the run's
# papers becomes a variable; the value is taken as it is, whatever it holds. Other lines are passed
# over, and so are names that are the shell's own and cannot be set.
if [ -r /run/mydocker/environment ]; then
    while IFS= read -r _mydocker_line || [ -n "$_mydocker_line" ]; do
        case ${_mydocker_line%%=*} in
        "$_mydocker_line" | '' | [!A-Za-z_]* | *[!A-Za-z0-9_]*) ;;
        UID | EUID | GID | EGID | PPID | BASHOPTS | BASH_VERSINFO | SHELLOPTS) ;;
        IFS | _mydocker_line) ;;
        *) export "$_mydocker_line" ;;
        esac
    done </run/mydocker/environment
    unset _mydocker_line
fi

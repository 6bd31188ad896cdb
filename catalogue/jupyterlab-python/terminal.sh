# For every shell of the image. A login shell starts from Debian's PATH and gets the image's here.
case ":$PATH:" in
*:/opt/venv/bin:*) ;;
*) PATH="/opt/venv/bin:$PATH" ;;
esac
case ":$PATH:" in
*:"$HOME/.local/bin":*) ;;
*) PATH="$PATH:$HOME/.local/bin" ;;
esac
export PATH

# A home that starts empty has no .bashrc: comfort for interactive shells comes from here.
if [ -n "${PS1:-}" ] && [ -n "${BASH_VERSION:-}" ]; then
    PS1='\[\e[1;36m\]\w\[\e[0m\] \$ '
    alias ls='ls --color=auto' ll='ls -l' grep='grep --color=auto'
    if [ -r /usr/share/bash-completion/bash_completion ] && ! shopt -oq posix; then
        . /usr/share/bash-completion/bash_completion
    fi
fi

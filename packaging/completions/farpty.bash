# bash completion for farpty(1).

_farpty() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local command='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      serve | connect | exec | attach | ls | invite | listen | run | play | doctor | ps | kill | keygen | copy) command=${COMP_WORDS[i]} && break ;;
    esac
  done

  # After "--" stands a program, then its arguments.
  for ((; i < COMP_CWORD; i++)); do
    if [[ ($command == serve || $command == run) && ${COMP_WORDS[i]} == -- ]]; then
      if ((i + 1 == COMP_CWORD)); then
        mapfile -t COMPREPLY < <(compgen -c -- "$current")
      else
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
      fi
      return
    fi
  done

  case $previous in
    --config | --file | -f | --identity | -i)
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    --record)
      mapfile -t COMPREPLY < <(compgen -d -- "$current")
      return
      ;;
    --rlimit)
      mapfile -t COMPREPLY < <(compgen -S = -W 'cpu mem nproc nofile fsize core' -- "$current")
      compopt -o nospace
      return
      ;;
    --server)
      mapfile -t COMPREPLY < <(compgen -W "$(farpty ps 2>/dev/null | sed -n 's/^server \([0-9]*\),.*/\1/p')" -- "$current")
      return
      ;;
    --escape-char | -e)
      mapfile -t COMPREPLY < <(compgen -W 'none' -- "$current")
      return
      ;;
    --terminal)
      mapfile -t COMPREPLY < <(compgen -W 'auto kernel devpts emulated pipes' -- "$current")
      return
      ;;
    --seccomp)
      mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$current")
      return
      ;;
    --log-format)
      mapfile -t COMPREPLY < <(compgen -W 'text logfmt json' -- "$current")
      return
      ;;
    --probe-size)
      mapfile -t COMPREPLY < <(compgen -W 'auto yes no' -- "$current")
      return
      ;;
  esac

  local words=
  case $command in
    '') words='serve connect exec attach ls invite listen run play doctor ps kill keygen copy --help --version' ;;
    serve)
      words='--listen --config --terminal --seccomp --shell --no-tty --term --probe-size --telnet-wait --any-local-user --insecure-public --limit-sessions
        --limit-per-source --idle-timeout --max-duration --hangup-grace --linger --retain --record --record-input --reauth --exit-when-idle --kill-all --rlimit --sandbox
        --log-format --verbose --help'
      ;;
    run) words='--terminal --seccomp --size --record --record-input --to --token-stdin --verbose --help' ;;
    listen) words='--on --host --once --expires --escape-char --verbose --help' ;;
    play)
      words='--speed --idle-limit --help'
      if [[ $current != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
      fi
      ;;
    connect)
      words='--escape-char --identity --name --new --attach-or-new --linger --ssh --ssh-program --far-program --token-stdin
        --accept-new --verbose -t -T --help'
      ;;
    exec) words='--identity --token-stdin --accept-new --verbose -t -T --help' ;;
    attach) words='--read-only --escape-char --identity --token-stdin --accept-new --verbose --help' ;;
    ls) words='--json --identity --accept-new --verbose --help' ;;
    invite)
      words='--read-only --once --expires --session --host --server --identity --accept-new --verbose --help'
      ;;
    copy)
      words='--ssh --ssh-program --far-program --identity --token-stdin --accept-new --verbose --quiet --help'
      if [[ $current != -* ]]; then
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
      fi
      ;;
    keygen) words='--file --comment --help' ;;
    ps) words='--json --server --help' ;;
    kill)
      words="--server --identity --accept-new --verbose --help $(farpty ps --json 2>/dev/null | grep -oE '"id": *"?[0-9a-z]+' | grep -oE '[0-9a-z]+$')"
      ;;
  esac
  if [[ $command == connect || $previous == --listen ]] && [[ $current != -* ]]; then
    # A colon begins a new word for readline, so only the scheme can be completed.
    words='farpty:// raw:// telnet:// raw+unix:// telnet+unix://'
    compopt -o nospace
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _farpty farpty

# fish completion for farpty(1).

set -l commands serve connect exec run doctor ps kill keygen
set -l urls 'farpty:// raw:// telnet:// raw+unix:// telnet+unix://'

function __farpty_sessions
    farpty ps --json 2>/dev/null | string match -rag '"id": *"?([0-9a-z]+)'
end

function __farpty_servers
    farpty ps 2>/dev/null | string match -rg '^server ([0-9]+),'
end

complete -c farpty -f
complete -c farpty -n "not __fish_seen_subcommand_from $commands" -a serve -d 'let people in, and run a program for each'
complete -c farpty -n "not __fish_seen_subcommand_from $commands" -a doctor -d 'say what kind of terminal this machine gives'
complete -c farpty -n "not __fish_seen_subcommand_from $commands" -a run -d 'run a program on a terminal'
complete -c farpty -n "not __fish_seen_subcommand_from $commands" -a connect -d 'log in somewhere'
complete -c farpty -n "not __fish_seen_subcommand_from $commands" -a ps -d 'show the sessions of the running server'
complete -c farpty -n "not __fish_seen_subcommand_from $commands" -a kill -d 'end a session'
complete -c farpty -n "not __fish_seen_subcommand_from $commands" -a exec -d 'run a command somewhere'
complete -c farpty -n "not __fish_seen_subcommand_from $commands" -a keygen -d 'make a key to log in with'
complete -c farpty -n "not __fish_seen_subcommand_from $commands" -l version -d 'show the version'
complete -c farpty -l help -d 'show the options'

set -l serve '__fish_seen_subcommand_from serve'
complete -c farpty -n $serve -l listen -x -a $urls -d 'open a door'
complete -c farpty -n $serve -l config -r -F -d 'settings of the same names, in TOML'
complete -c farpty -n $serve -l terminal -x -a 'auto kernel devpts emulated pipes' -d 'what programs run on'
complete -c farpty -n $serve -l seccomp -x -a 'auto always never' -d 'whose system calls are stopped'
complete -c farpty -n $serve -l no-tty -d 'run the program on pipes'
complete -c farpty -n $serve -l term -x -a 'xterm-256color xterm linux vt100 dumb' -d 'TERM where the protocol does not carry it'
complete -c farpty -n $serve -l probe-size -x -a 'auto yes no' -d 'ask the terminal for its size'
complete -c farpty -n $serve -l any-local-user -d 'let every user of this machine in'
complete -c farpty -n $serve -l insecure-public -d 'let everyone in'
complete -c farpty -n $serve -l limit-sessions -x -d 'sessions at a time'
complete -c farpty -n $serve -l limit-per-source -x -d 'sessions at a time from one address'
complete -c farpty -n $serve -l idle-timeout -x -d 'hang up after so long without input'
complete -c farpty -n $serve -l max-duration -x -d 'hang up after so long in any case'
complete -c farpty -n $serve -l hangup-grace -x -d 'from SIGHUP to SIGKILL'
complete -c farpty -n $serve -l kill-all -d 'end background jobs too'
complete -c farpty -n $serve -l rlimit -x -a 'cpu= mem= nproc= nofile= fsize= core=' -d 'limits of each process'
complete -c farpty -n $serve -l sandbox -d 'fence the program off'
complete -c farpty -n $serve -l verbose -d 'say more of what happens'
complete -c farpty -n $serve -a '(__fish_complete_subcommand --commandline)' -d 'program'

set -l run '__fish_seen_subcommand_from run'
complete -c farpty -n $run -l terminal -x -a 'auto kernel devpts emulated pipes' -d 'what it runs on'
complete -c farpty -n $run -l seccomp -x -a 'auto always never' -d 'whose system calls are stopped'
complete -c farpty -n $run -l size -x -a 80x24 -d 'columns and rows'
complete -c farpty -n $run -s v -l verbose -d 'say what happens'
complete -c farpty -n $run -a '(__fish_complete_subcommand --commandline)' -d 'program'

set -l connect '__fish_seen_subcommand_from connect'
complete -c farpty -n $connect -s e -l escape-char -x -a none -d 'the key that speaks to farpty'
complete -c farpty -n $connect -s v -l verbose -d 'explain each step'
complete -c farpty -n $connect -l name -x -d 'the name of the session'
complete -c farpty -n $connect -a $urls
set -l native '__fish_seen_subcommand_from connect exec'
complete -c farpty -n $native -s i -l identity -r -F -d 'the key to log in with'
complete -c farpty -n $native -l accept-new -d 'pin the key of a new server without asking'
complete -c farpty -n $native -s t -d 'a terminal for the command'
complete -c farpty -n $native -s T -d 'no terminal: pipes'
complete -c farpty -n '__fish_seen_subcommand_from exec' -s v -l verbose -d 'explain each step'

set -l keygen '__fish_seen_subcommand_from keygen'
complete -c farpty -n $keygen -s f -l file -r -F -d 'where to'
complete -c farpty -n $keygen -s C -l comment -x -d 'whose it is'

complete -c farpty -n '__fish_seen_subcommand_from ps' -l json -d 'for programs'
complete -c farpty -n '__fish_seen_subcommand_from ps kill' -l server -x -a '(__farpty_servers)' -d 'only this one'
complete -c farpty -n '__fish_seen_subcommand_from kill' -a '(__farpty_sessions)'

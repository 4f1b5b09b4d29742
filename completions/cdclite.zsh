#compdef cdclite
# Completion of cdclite in zsh: `cdclite completion zsh` prints it. The program says what may come.
_cdclite() {
    local line text
    local -a texts shown open open_shown
    for line in "${(@f)$("${(Q)words[1]}" completion -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2> /dev/null)}"; do
        case $line in
            '') ;;
            :files) compset -P '*='; _files ;;
            :folders) compset -P '*='; _files -/ ;;
            *)
                text=${line%%$'\t'*}
                if [[ $text == *[=.] ]]; then
                    open+=("$text")
                    open_shown+=("${line/$'\t'/  -- }")
                else
                    texts+=("$text")
                    shown+=("${line/$'\t'/  -- }")
                fi
                ;;
        esac
    done
    (( $#texts )) && compadd -l -d shown -a texts
    (( $#open )) && compadd -l -S '' -d open_shown -a open
}
if [[ ${funcstack[1]} == _cdclite ]]; then
    _cdclite "$@"
else
    compdef _cdclite cdclite
fi

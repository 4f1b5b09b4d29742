# Completion of cdclite in bash: `cdclite completion bash` prints it. The program says what may come.
_cdclite() {
    local line word tail prefix
    local -a words
    # Not COMP_WORDS, which parts from=2025 and --db=x at the =.
    read -ra words <<< "${COMP_LINE:0:COMP_POINT}"
    [[ ${COMP_LINE:0:COMP_POINT} == *[[:space:]] ]] && words+=('')
    word=${words[${#words[@]} - 1]}
    # Bash replaces only what is behind the last = or :, where it parts words there.
    prefix=
    [[ $COMP_WORDBREAKS == *=* && $word == *=* ]] && prefix=${word%"${word##*=}"}
    [[ $COMP_WORDBREAKS == *:* && ${word#"$prefix"} == *:* ]] && prefix=${word%"${word##*:}"}
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            :files)
                compopt -o filenames
                mapfile -t COMPREPLY < <(compgen -f -- "${word##*=}")
                ;;
            :folders)
                compopt -o filenames
                mapfile -t COMPREPLY < <(compgen -d -- "${word##*=}")
                ;;
            *)
                tail=${line%%$'\t'*}
                COMPREPLY+=("${tail#"$prefix"}")
                [[ $tail == *[=.] ]] && compopt -o nospace
                ;;
        esac
    done < <("${words[0]/#\~/$HOME}" completion -- "${words[@]:1}" 2> /dev/null)
}
complete -F _cdclite cdclite

# Completion of cdclite in fish: `cdclite completion fish` prints it. The program says what may come.
function __cdclite_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    for line in (command $program completion -- $words $word 2> /dev/null)
        switch $line
            case :files :folders
                set -l ahead (string match -r '^.*=' -- $word)
                test -n "$ahead"; or set ahead ''
                set -l tail (string replace -r '^.*=' '' -- $word)
                if test $line = :files
                    printf '%s\n' $ahead(__fish_complete_path $tail)
                else
                    printf '%s\n' $ahead(__fish_complete_directories $tail)
                end
            case '*'
                echo $line
        end
    end
end
complete -c cdclite -f -a '(__cdclite_complete)'

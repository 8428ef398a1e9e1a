# bash completion for parseltongue
_parseltongue() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command='' word at
    local commands='index who-implements what-implements traits-of callers callees uses used-by blast-radius path
        explain context generate-context explore check find-cycles neighbourhood modules search list entities-in where-defined overview unused export stats doctor verify diff migrate daemon watch serve lsp mcp'
    local common='--workspace --store --json --limit --candidates --cfg --stale-ok --color --quiet --all --engine --no-daemon --wait'
    local kinds='crate module struct enum union variant field trait trait_alias impl fn method const static type_alias
        assoc_type assoc_const macro'
    COMPREPLY=()

    for ((at = 1; at < COMP_CWORD; at++)); do
        word=${COMP_WORDS[at]}
        if [[ " ${commands//$'\n'/ } " == *" $word "* ]]; then
            command=$word
            break
        fi
    done

    case $previous in
        --workspace) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
        --color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$current"); return ;;
        --durability) mapfile -t COMPREPLY < <(compgen -W 'full normal' -- "$current"); return ;;
        --engine) mapfile -t COMPREPLY < <(compgen -W 'memory store' -- "$current"); return ;;
        --level)
            if [[ $command == find-cycles ]]; then mapfile -t COMPREPLY < <(compgen -W 'module type call' -- "$current")
            else mapfile -t COMPREPLY < <(compgen -W 'menu signatures bodies' -- "$current"); fi
            return ;;
        --kind) mapfile -t COMPREPLY < <(compgen -W "$kinds" -- "$current"); return ;;
        --format)
            if [[ $command == export ]]; then mapfile -t COMPREPLY < <(compgen -W 'jsonl dot graphml mermaid scip sqlite' -- "$current")
            elif [[ $command == check ]]; then mapfile -t COMPREPLY < <(compgen -W 'sarif' -- "$current")
            else mapfile -t COMPREPLY < <(compgen -W 'text markdown json compact' -- "$current"); fi
            return ;;
        --cfg) mapfile -t COMPREPLY < <(compgen -W 'host' -- "$current"); return ;;
        --store | --limit | --threads | --depth | --budget) return ;;
    esac

    if [[ $current == -* ]]; then
        case $command in
            index) common+=' --rebuild --no-dependencies --threads --std-interface --durability' ;;
            doctor) common+=' --repair' ;;
            stats) common+=' --prometheus' ;;
            daemon) common+=' --idle --threads --durability --no-dependencies' ;;
            list) common+=' --kind --cursor' ;;
            find-cycles) common+=' --level' ;;
            context | generate-context) common+=' --budget --level --format' ;;
            check) common+=' --format' ;;
            diff) common+=' --depth --format' ;;
            serve) common+=' --port --address --token-file' ;;
            explore) common+=' --budget --format' ;;
            search | unused) common+=' --kind' ;;
            blast-radius | neighbourhood) common+=' --depth' ;;
            export) common+=' --format --output' ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "$common" -- "$current")
    elif [[ -z $command ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
    elif [[ $command == diff ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(git for-each-ref --format='%(refname:short)' 2>/dev/null)" -- "$current")
    elif [[ $command == index || $command == check || $command == entities-in ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        compopt -o filenames 2>/dev/null
    fi
}
complete -F _parseltongue parseltongue

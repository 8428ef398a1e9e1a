#compdef parseltongue
# zsh completion for parseltongue

_parseltongue() {
    local -a commands common own
    local command
    commands=(
        'index:read a workspace, crate, folder or code dump'
        'who-implements:types that implement a trait'
        'what-implements:types that implement a trait'
        'traits-of:traits a type implements'
        'callers:who calls the item'
        'callees:what the item calls'
        'uses:what the item refers to'
        'used-by:who refers to the item'
        'blast-radius:what a change of the item may affect'
        'path:a shortest path between two items'
        'explain:the steps that made an edge, or the step that failed'
        'context:what a reader must know to edit items'
        'generate-context:what a reader must know to edit items'
        'explore:a question in plain words'
        'check:where the code breaks rules'
        'find-cycles:cycles among modules, types or calls'
        'neighbourhood:what stands around an item'
        'modules:modules, and which refers to which'
        'search:items whose name resembles the pattern'
        'list:items, all or of one kind'
        'entities-in:items of a file'
        'where-defined:where items of that name are defined'
        'overview:crates, modules, traits and most used items'
        'unused:items that nothing refers to'
        'export:the whole graph'
        'stats:sizes of the graph and of its store'
        'doctor:what was not read or not resolved, by reason'
        'verify:read the store through'
        'daemon:keep the workspace indexed'
        'migrate:a store into a new one'
        'diff:what changed between two revisions, and whom it reaches'
        'serve:HTTP through the daemon'
        'lsp:answer an editor'
        'mcp:answer a coding agent'
        'watch:each update of the daemon'
    )
    common=(
        '--workspace[workspace to ask about]:folder:_files -/'
        '--store[where the graph is kept]:URI:'
        '--json[answer as JSON]'
        '--limit[show at most N results]:N:'
        '--candidates[show candidate edges too]'
        '--cfg[only what holds under this configuration]:set:(host)'
        '--stale-ok[do not look for changed files]'
        '--color[colours]:when:(auto always never)'
        '--quiet[no progress and no closing line]'
        '--all[answer for every item an ambiguous name may mean]'
        '--engine[what answers]:engine:(memory store)'
    )

    if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
        _describe -t commands command commands
        return
    fi
    for command in ${words[2,CURRENT-1]}; do
        (( ${commands[(I)$command:*]} )) && break
    done
    case $command in
        daemon) own=('--idle[minutes until it ends by itself]:N:' '1: :' '2:action:(start stop status run restart)') ;;
        doctor) own=('--repair[rebuild the store]') ;;
        stats) own=('--prometheus[metrics of the daemon]') ;;
        index) own=('--rebuild[start from nothing]' '--no-dependencies[do not read dependencies]' '--durability[when a commit is safe]:level:(full normal)' '--std-interface[interface of std]:file:_files' '--threads[threads to read with]:N:' '1: :' '*:path:_files') ;;
        find-cycles) own=('--level[what the cycles are made of]:level:(module type call)') ;;
        context|generate-context) own=('--budget[at most so many tokens]:N:' '--level[how much of each]:level:(menu signatures bodies)' '--format[format]:format:(text markdown json compact)') ;;
        check) own=('--format[format]:format:(sarif)' '1: :' '*:file:_files') ;;
        diff) own=('--depth[follow at most N steps]:N:' '--format[format]:format:(text markdown json)') ;;
        serve) own=('--port[the port]:N:' '--address[address to listen on]:ADDRESS:' '--token-file[file with the token]:file:_files') ;;
        explore) own=('--budget[at most so many tokens]:N:' '--format[format]:format:(text markdown json compact)') ;;
        list|search|unused) own=('--kind[only this kind]:kind:(crate module struct enum union variant field trait trait_alias impl fn method const static type_alias assoc_type assoc_const macro)') ;;
        blast-radius|neighbourhood) own=('--depth[follow at most N steps]:N:') ;;
        export) own=('--format[format]:format:(jsonl dot graphml mermaid scip sqlite)' '--output[the file]:file:_files') ;;
        entities-in) own=('1: :' '*:file:_files') ;;
    esac
    _arguments -S $common $own
}

_parseltongue "$@"

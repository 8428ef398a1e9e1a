# fish completion for parseltongue
set -l commands index who-implements what-implements traits-of callers callees uses used-by blast-radius path find-cycles \
    search list entities-in where-defined overview unused export stats doctor
complete -c parseltongue -f

complete -c parseltongue -n "not __fish_seen_subcommand_from $commands" -a index -d 'Read a workspace, crate, folder or code dump'
complete -c parseltongue -n "not __fish_seen_subcommand_from $commands" -a 'who-implements what-implements' -d 'Types that implement a trait'
complete -c parseltongue -n "not __fish_seen_subcommand_from $commands" -a traits-of -d 'Traits a type implements'
complete -c parseltongue -n "not __fish_seen_subcommand_from $commands" -a callers -d 'Who calls the item'
complete -c parseltongue -n "not __fish_seen_subcommand_from $commands" -a callees -d 'What the item calls'
complete -c parseltongue -n "not __fish_seen_subcommand_from $commands" -a uses -d 'What the item refers to'
complete -c parseltongue -n "not __fish_seen_subcommand_from $commands" -a used-by -d 'Who refers to the item'
complete -c parseltongue -n "not __fish_seen_subcommand_from $commands" -a blast-radius -d 'What a change of the item may affect'
complete -c parseltongue -n "not __fish_seen_subcommand_from $commands" -a path -d 'A shortest path between two items'
complete -c parseltongue -n "not __fish_seen_subcommand_from $commands" -a find-cycles -d 'Cycles among modules, types or calls'
complete -c parseltongue -n "not __fish_seen_subcommand_from $commands" -a search -d 'Items whose name resembles the pattern'
complete -c parseltongue -n "not __fish_seen_subcommand_from $commands" -a list -d 'Items, all or of one kind'
complete -c parseltongue -n "not __fish_seen_subcommand_from $commands" -a entities-in -d 'Items of a file'
complete -c parseltongue -n "not __fish_seen_subcommand_from $commands" -a where-defined -d 'Where items of that name are defined'
complete -c parseltongue -n "not __fish_seen_subcommand_from $commands" -a overview -d 'Crates, modules, traits and most used items'
complete -c parseltongue -n "not __fish_seen_subcommand_from $commands" -a unused -d 'Items that nothing refers to'
complete -c parseltongue -n "not __fish_seen_subcommand_from $commands" -a export -d 'The whole graph'
complete -c parseltongue -n "not __fish_seen_subcommand_from $commands" -a stats -d 'Sizes of the graph and of its store'
complete -c parseltongue -n "not __fish_seen_subcommand_from $commands" -a doctor -d 'What was not read or not resolved'

complete -c parseltongue -l workspace -x -a '(__fish_complete_directories)' -d 'Workspace to ask about'
complete -c parseltongue -l store -x -d 'Where the graph is kept'
complete -c parseltongue -l json -d 'Answer as JSON'
complete -c parseltongue -l limit -x -d 'Show at most N results'
complete -c parseltongue -l candidates -d 'Show candidate edges too'
complete -c parseltongue -l cfg -x -a host -d 'Only what holds under this configuration'
complete -c parseltongue -l stale-ok -d 'Do not look for changed files'
complete -c parseltongue -l color -x -a 'auto always never' -d 'Colours'
complete -c parseltongue -l quiet -d 'No progress and no closing line'
complete -c parseltongue -l all -d 'Answer for every item an ambiguous name may mean'
complete -c parseltongue -l engine -x -a 'memory store' -d 'What answers'

complete -c parseltongue -n '__fish_seen_subcommand_from index' -l rebuild -d 'Start from nothing'
complete -c parseltongue -n '__fish_seen_subcommand_from index' -l threads -x -d 'Threads to read with'
complete -c parseltongue -n '__fish_seen_subcommand_from index entities-in' -F
complete -c parseltongue -n '__fish_seen_subcommand_from find-cycles' -l level -x -a 'module type call' -d 'What the cycles are made of'
complete -c parseltongue -n '__fish_seen_subcommand_from list search' -l kind -x -a 'crate module struct enum union variant field trait trait_alias impl fn method const static type_alias assoc_type assoc_const macro' -d 'Only this kind'
complete -c parseltongue -n '__fish_seen_subcommand_from blast-radius' -l depth -x -d 'Follow at most N steps'
complete -c parseltongue -n '__fish_seen_subcommand_from export' -l format -x -a 'jsonl dot graphml mermaid' -d 'Format'

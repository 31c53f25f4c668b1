module quantum-tasks-pause

go 1.19

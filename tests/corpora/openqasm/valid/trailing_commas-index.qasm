let qubit_selection = two[{0, 3, 5, }];

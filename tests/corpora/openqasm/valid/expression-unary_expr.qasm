!my_var;

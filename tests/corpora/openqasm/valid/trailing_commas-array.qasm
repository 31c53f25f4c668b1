array[int[8], 4, 3,] bb;

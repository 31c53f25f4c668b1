{
  int ii = 32;
}

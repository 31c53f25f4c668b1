if(spec[i] == 0 && spec[n+i] == 1) {
  x q[i];
}

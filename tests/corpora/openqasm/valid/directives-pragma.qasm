pragma IO_BIND[2:3]
#pragma  __directive_info__ 0

gate g a, b,
{
   CX a, b;
}

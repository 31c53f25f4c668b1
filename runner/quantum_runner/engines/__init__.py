"""What runs compiled programs: the machine (`vm`), and `circuit`, which makes one circuit for Aer of them."""

defcalgrammar 'openpulse';
defcalgrammar "openpulse";
defcalgrammar "001";

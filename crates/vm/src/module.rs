//! Modules. (Contract; bodies follow.)

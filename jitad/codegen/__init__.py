"""Program -> LLVM IR, as text."""

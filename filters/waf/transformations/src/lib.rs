//! The transformations of SecLang: what a value becomes before an operator looks at it.

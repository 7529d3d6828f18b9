//! What the generator promises: programs that parse, the same ones for the same seeds, all features of the table.

use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_semantic::SemanticBuilder;
use oxc_span::SourceType;
use tercel_fuzz::features::{FEATURES, FeatureSet};
use tercel_fuzz::{batch, r#gen};

fn errors(text: &str) -> Vec<String> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, SourceType::cjs()).parse();
    let mut all: Vec<String> = parsed.diagnostics.iter().map(ToString::to_string).collect();
    if all.is_empty() {
        let checked = SemanticBuilder::new().with_check_syntax_error(true).build(&parsed.program);
        all.extend(checked.diagnostics.iter().map(ToString::to_string));
    }
    all
}

#[test]
fn every_program_parses() {
    for seed in 0..1500 {
        let (tree, _) = r#gen::program(seed);
        let text = batch::script([(seed, tree.to_string().as_str())]);
        assert_eq!(errors(&text), Vec::<String>::new(), "seed {seed}\n{tree}");
    }
}

#[test]
fn what_does_not_parse_is_noticed() {
    assert_ne!(errors("let x = ;"), Vec::<String>::new());
    assert_ne!(errors("let x; let x;"), Vec::<String>::new());
}

#[test]
fn a_seed_is_a_program() {
    for seed in 0..100 {
        let ((a, used), (b, used_again)) = (r#gen::program(seed), r#gen::program(seed));
        assert!(a == b && used == used_again, "seed {seed}");
    }
    assert_ne!(r#gen::program(1).0.to_string(), r#gen::program(2).0.to_string());
}

#[test]
fn every_feature_is_used_by_some_programs() {
    let sets: Vec<FeatureSet> = (0..3000).map(|seed| r#gen::program(seed).1).collect();
    for row in FEATURES {
        let uses = sets.iter().filter(|set| set.contains(row.feature)).count();
        assert!(uses >= 30, "{}: {uses} of {}", row.name, sets.len());
    }
}

//! Every number that steers a pass, in one table.

macro_rules! tunables {
    ($($(#[doc = $doc:literal])+ $name:ident = $default:literal;)+) => {
        /// The numbers that steer passes.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Tunables { $($(#[doc = $doc])+ pub $name: usize),+ }

        impl Default for Tunables {
            fn default() -> Tunables {
                Tunables { $($name: $default),+ }
            }
        }

        impl Tunables {
            /// All names with their values.
            pub fn all(&self) -> Vec<(&'static str, usize)> {
                vec![$((stringify!($name), self.$name)),+]
            }

            /// Sets the one with this name; `false` if there is none.
            pub fn set(&mut self, name: &str, value: usize) -> bool {
                match name {
                    $(stringify!($name) => self.$name = value,)+
                    _ => return false,
                }
                true
            }
        }
    };
}

tunables! {
    /// Rules tried in a row on one instruction before `fold` goes on.
    fold_rounds = 8;
    /// Memory locations whose contents `memory` keeps in mind.
    memory_known = 24;
    /// Instructions of a loop's head that `invert` copies.
    invert_size = 16;
    /// Instructions of a loop that may be peeled.
    peel_size = 48;
    /// Growth of a function by peeling, in percent, over `peel_room`.
    peel_growth_percent = 30;
    /// Instructions that peeling may always add.
    peel_room = 96;
    /// Instructions in one arm that `if-convert` executes on both paths.
    if_convert_size = 3;
    /// Selects that one branch may turn into.
    if_convert_selects = 2;
    /// Trips up to which a loop is unrolled fully.
    unroll_trips = 16;
    /// Instructions after full unrolling.
    unroll_full_size = 160;
    /// Instructions of a loop that is unrolled partly.
    unroll_partial_size = 20;
    /// Copies of the body in a partly unrolled loop.
    unroll_factor = 4;
    /// Growth of a function by unrolling, in percent, over `unroll_room`.
    unroll_growth_percent = 50;
    /// Instructions that unrolling may always add.
    unroll_room = 256;
    /// Products of induction variables that get a variable of their own, for each loop.
    strength_products = 4;
}

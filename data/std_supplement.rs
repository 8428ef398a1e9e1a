// What the stable library of Rust gained after 1.63, up to and with 1.95: signatures only, bodies are empty loops.
//
// The library's sources known at build time are those of 1.63; this text is laid over them before they are read. It is
// not a crate and is never compiled. It consists of sections; each begins with a line
//
//     //@ append PATH          the text goes at the end of that file: names in scope are those of its module
//     //@ inside PATH: LINE    the text goes right behind the first line of the file that equals LINE, white space at
//                              both ends apart; LINE opens a `{`: new members of a trait, variants, inner modules
//
// Paths are relative to the folder `library`. Order: core, alloc, std; within each by path. What 1.63 has, stable then or
// not, is not repeated, unless its signature differs: such lines end in `// replaces` and are meant instead of the member of
// that name in 1.63. Private fields stand for "not a unit struct" and mean nothing. An item that moved is re-exported
// where it stands now, if the order of the crates allows.
//
// Checked, and to be checked again when a line is added: (1) every declared item, member, constant and impl exists in
// stable rustc 1.95, by a probe each: `let _ = <Type>::name;`, `use path;`, a bound `Type: Trait<Assoc = ..>`, and, where
// the fn has no generics of its own, `let _: fn(..) -> .. = <Type>::name;`, which holds its signature exactly; (2) every
// name of the documentation of 1.95 that is stable resolves against the patched sources, or stands below; (3) a name
// stands here only if it does not resolve against 1.63's sources alone, or ends in `// replaces`; (4) the patched files
// parse without an error. The impls of the `AsyncFn` traits alone are not probed: stable code cannot name their parameters.
// Not stable in 1.95 and here only because signatures name them: `ZeroablePrimitive`, `GetDisjointMutIndex`, members and
// parameters of the `AsyncFn` traits, `core::iter::Step` as a bound, `Allocator`.
//
// Known gaps
// - core::net, core::error: their types stand in std in 1.63, where core cannot name them; std::net and std::error hold.
// - NonZero<T> and NonZeroU8 .. are different types here, as aliases cannot be made of 1.63's structs; members stand on
//   both, `From` leads from one to the other. Conversions between widths stand only on the aliases. NonNull's members and
//   those of 1.63 take and give NonZeroUsize.
// - Without allocator parameter, as in 1.63: Rc, Arc, LinkedList, BinaryHeap, HashMap, HashSet and their iterators.
// - Still a struct as in 1.63: FromBytesWithNulError (an enum now). TryFromFloatSecsError and PanicHookInfo are aliases of
//   what they were; payload_as_str therefore stands on PanicInfo, too.
// - !Sync for mpsc::Sender remains from 1.63. `FromIterator` and `Extend` for tuples go to six, not twelve.
// - Macros: `cfg_select!` is left out: an empty definition would hide what stands in its arguments. `offset_of!` is known
//   by name only.
// - core::arch, core::intrinsics, std::os of other systems than Linux (and what unix has in common), auto traits,
//   `const` impls, changed attributes and `unsafe` of extern blocks.

// ================================================================================================================ core

//@ append core/src/lib.rs
pub mod range {
    pub use self::iter::RangeInclusiveIter;
    use crate::ops::{Bound, RangeBounds};
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct RangeInclusive<Idx> { pub start: Idx, pub last: Idx }
    impl<Idx: PartialOrd<Idx>> RangeInclusive<Idx> {
        pub fn contains<U>(&self, item: &U) -> bool where Idx: PartialOrd<U>, U: ?Sized + PartialOrd<Idx> { loop {} }
        pub fn is_empty(&self) -> bool { loop {} }
    }
    impl<Idx: crate::iter::Step> RangeInclusive<Idx> {
        pub fn iter(&self) -> RangeInclusiveIter<Idx> { loop {} }
    }
    impl<T> RangeBounds<T> for RangeInclusive<T> {
        fn start_bound(&self) -> Bound<&T> { loop {} }
        fn end_bound(&self) -> Bound<&T> { loop {} }
    }
    impl<T> From<RangeInclusive<T>> for crate::ops::RangeInclusive<T> { fn from(value: RangeInclusive<T>) -> Self { loop {} } }
    impl<T> From<crate::ops::RangeInclusive<T>> for RangeInclusive<T> {
        fn from(value: crate::ops::RangeInclusive<T>) -> Self { loop {} }
    }
    mod iter {
        use super::RangeInclusive;
        use crate::iter::{FusedIterator, Step};
        #[derive(Debug, Clone)]
        pub struct RangeInclusiveIter<A>(crate::ops::RangeInclusive<A>);
        impl<A: Step> Iterator for RangeInclusiveIter<A> {
            type Item = A;
            fn next(&mut self) -> Option<A> { loop {} }
        }
        impl<A: Step> DoubleEndedIterator for RangeInclusiveIter<A> { fn next_back(&mut self) -> Option<A> { loop {} } }
        impl<A: Step> FusedIterator for RangeInclusiveIter<A> {}
        impl ExactSizeIterator for RangeInclusiveIter<u8> {}
        impl ExactSizeIterator for RangeInclusiveIter<i8> {}
        impl<A: Step> IntoIterator for RangeInclusive<A> {
            type Item = A;
            type IntoIter = RangeInclusiveIter<A>;
            fn into_iter(self) -> Self::IntoIter { loop {} }
        }
    }
}

//@ append core/src/alloc/layout.rs
impl Layout {
    pub const fn dangling_ptr(&self) -> NonNull<u8> { loop {} }
}

//@ append core/src/array/mod.rs
pub fn repeat<T: Clone, const N: usize>(val: T) -> [T; N] { loop {} }

//@ append core/src/array/iter.rs
impl<T, const N: usize> Default for IntoIter<T, N> { fn default() -> Self { loop {} } }

//@ append core/src/cell.rs
impl<T: ?Sized> UnsafeCell<T> {
    pub const fn from_mut(value: &mut T) -> &mut UnsafeCell<T> { loop {} }
}
impl<T: Copy> Cell<T> {
    pub fn update(&self, f: impl FnOnce(T) -> T) { loop {} } // replaces
}
impl<T> AsRef<[Cell<T>]> for Cell<[T]> { fn as_ref(&self) -> &[Cell<T>] { loop {} } }
impl<T, const N: usize> AsRef<[Cell<T>]> for Cell<[T; N]> { fn as_ref(&self) -> &[Cell<T>] { loop {} } }
impl<T, const N: usize> AsRef<[Cell<T>; N]> for Cell<[T; N]> { fn as_ref(&self) -> &[Cell<T>; N] { loop {} } }

//@ append core/src/cell/lazy.rs
impl<T, F: FnOnce() -> T> LazyCell<T, F> {
    pub fn force_mut(this: &mut LazyCell<T, F>) -> &mut T { loop {} }
}
impl<T, F> LazyCell<T, F> {
    pub fn get(this: &LazyCell<T, F>) -> Option<&T> { loop {} }
    pub fn get_mut(this: &mut LazyCell<T, F>) -> Option<&mut T> { loop {} }
}
impl<T, F: FnOnce() -> T> crate::ops::DerefMut for LazyCell<T, F> { fn deref_mut(&mut self) -> &mut T { loop {} } }

//@ append core/src/char/convert.rs
impl TryFrom<char> for u16 {
    type Error = TryFromCharError;
    fn try_from(c: char) -> Result<u16, Self::Error> { loop {} }
}
impl TryFrom<char> for usize {
    type Error = TryFromCharError;
    fn try_from(c: char) -> Result<usize, Self::Error> { loop {} }
}

//@ append core/src/char/decode.rs
impl<I: Iterator<Item = u16> + crate::iter::FusedIterator> crate::iter::FusedIterator for DecodeUtf16<I> {}

//@ append core/src/char/methods.rs
impl char {
    pub const MIN: char = '\0';
    pub const MAX_LEN_UTF8: usize = 4;
    pub const MAX_LEN_UTF16: usize = 2;
}

//@ append core/src/convert/num.rs
impl From<bool> for f32 { fn from(b: bool) -> Self { loop {} } }
impl From<bool> for f64 { fn from(b: bool) -> Self { loop {} } }
macro_rules! __supplement_bool {
    ($($t:ty)*) => { $(
        impl TryFrom<$t> for bool {
            type Error = TryFromIntError;
            fn try_from(i: $t) -> Result<Self, Self::Error> { loop {} }
        }
    )* };
}
__supplement_bool! { u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 }

//@ append core/src/ffi/c_str.rs
impl CStr {
    pub const fn count_bytes(&self) -> usize { loop {} }
    pub const fn is_empty(&self) -> bool { loop {} }
}
impl PartialEq<&CStr> for CStr { fn eq(&self, other: &&CStr) -> bool { loop {} } }

//@ append core/src/fmt/mod.rs
pub use self::builders::{from_fn, FromFn};

//@ append core/src/fmt/builders.rs
pub const fn from_fn<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result>(f: F) -> FromFn<F> { loop {} }
pub struct FromFn<F>(F);
impl<F> fmt::Debug for FromFn<F> where F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} }
}
impl<F> fmt::Display for FromFn<F> where F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} }
}
impl<'a, 'b: 'a> DebugTuple<'a, 'b> {
    pub fn finish_non_exhaustive(&mut self) -> fmt::Result { loop {} }
}
impl<'a, 'b: 'a> DebugSet<'a, 'b> {
    pub fn finish_non_exhaustive(&mut self) -> fmt::Result { loop {} }
}
impl<'a, 'b: 'a> DebugList<'a, 'b> {
    pub fn finish_non_exhaustive(&mut self) -> fmt::Result { loop {} }
}
impl<'a, 'b: 'a> DebugMap<'a, 'b> {
    pub fn finish_non_exhaustive(&mut self) -> fmt::Result { loop {} }
}

//@ append core/src/future/ready.rs
impl<T> Ready<T> {
    pub fn into_inner(self) -> T { loop {} }
}

//@ append core/src/hash/mod.rs
impl<H> BuildHasherDefault<H> {
    pub const fn new() -> Self { loop {} }
}

//@ append core/src/hint.rs
pub const unsafe fn assert_unchecked(cond: bool) { loop {} }
pub const fn cold_path() { loop {} }
pub const fn select_unpredictable<T>(condition: bool, true_val: T, false_val: T) -> T { loop {} }

//@ append core/src/iter/mod.rs
pub use self::adapters::chain;
pub use self::sources::{repeat_n, RepeatN};

//@ append core/src/iter/adapters/mod.rs
pub use self::chain::chain;

//@ append core/src/iter/adapters/chain.rs
pub fn chain<A: IntoIterator, B: IntoIterator<Item = A::Item>>(a: A, b: B) -> Chain<A::IntoIter, B::IntoIter> { loop {} }
impl<A: Default, B: Default> Default for Chain<A, B> { fn default() -> Self { loop {} } }

//@ append core/src/iter/adapters/cloned.rs
impl<I: Default> Default for Cloned<I> { fn default() -> Self { loop {} } }

//@ append core/src/iter/adapters/copied.rs
impl<I: Default> Default for Copied<I> { fn default() -> Self { loop {} } }

//@ append core/src/iter/adapters/enumerate.rs
impl<I: Default> Default for Enumerate<I> { fn default() -> Self { loop {} } }

//@ append core/src/iter/adapters/flatten.rs
impl<I> Default for Flatten<I> where I: Default + Iterator, I::Item: IntoIterator { fn default() -> Self { loop {} } }

//@ append core/src/iter/adapters/fuse.rs
impl<I: Default> Default for Fuse<I> { fn default() -> Self { loop {} } }

//@ append core/src/iter/adapters/peekable.rs
impl<I: Iterator> Peekable<I> {
    pub fn next_if_map<R>(&mut self, f: impl FnOnce(I::Item) -> Result<R, I::Item>) -> Option<R> { loop {} }
    pub fn next_if_map_mut<R>(&mut self, f: impl FnOnce(&mut I::Item) -> Option<R>) -> Option<R> { loop {} }
}

//@ append core/src/iter/adapters/rev.rs
impl<I: Default> Default for Rev<I> { fn default() -> Self { loop {} } }

//@ append core/src/iter/adapters/take.rs
impl<T: Clone> DoubleEndedIterator for Take<crate::iter::Repeat<T>> { fn next_back(&mut self) -> Option<T> { loop {} } }
impl<T: Clone> ExactSizeIterator for Take<crate::iter::Repeat<T>> {}
impl<A, F: FnMut() -> A> ExactSizeIterator for Take<crate::iter::RepeatWith<F>> {}

//@ append core/src/iter/sources.rs
mod repeat_n {
    use crate::iter::FusedIterator;
    pub fn repeat_n<T: Clone>(element: T, count: usize) -> RepeatN<T> { loop {} }
    #[derive(Clone, Debug)]
    pub struct RepeatN<A> { inner: Option<A>, count: usize }
    impl<A: Clone> Iterator for RepeatN<A> {
        type Item = A;
        fn next(&mut self) -> Option<A> { loop {} }
    }
    impl<A: Clone> DoubleEndedIterator for RepeatN<A> { fn next_back(&mut self) -> Option<A> { loop {} } }
    impl<A: Clone> ExactSizeIterator for RepeatN<A> {}
    impl<A: Clone> FusedIterator for RepeatN<A> {}
}
pub use self::repeat_n::{repeat_n, RepeatN};

//@ append core/src/iter/sources/once_with.rs
impl<F> crate::fmt::Debug for OnceWith<F> { fn fmt(&self, f: &mut crate::fmt::Formatter<'_>) -> crate::fmt::Result { loop {} } }

//@ append core/src/iter/sources/repeat_with.rs
impl<F> crate::fmt::Debug for RepeatWith<F> { fn fmt(&self, f: &mut crate::fmt::Formatter<'_>) -> crate::fmt::Result { loop {} } }

//@ append core/src/iter/traits/accum.rs
macro_rules! __supplement_accum {
    ($($t:ty)*) => { $(
        impl Sum for crate::num::Saturating<$t> { fn sum<I: Iterator<Item = Self>>(iter: I) -> Self { loop {} } }
        impl Product for crate::num::Saturating<$t> { fn product<I: Iterator<Item = Self>>(iter: I) -> Self { loop {} } }
        impl<'a> Sum<&'a crate::num::Saturating<$t>> for crate::num::Saturating<$t> {
            fn sum<I: Iterator<Item = &'a Self>>(iter: I) -> Self { loop {} }
        }
        impl<'a> Product<&'a crate::num::Saturating<$t>> for crate::num::Saturating<$t> {
            fn product<I: Iterator<Item = &'a Self>>(iter: I) -> Self { loop {} }
        }
    )* };
}
__supplement_accum! { u8 u16 u32 u64 u128 usize }

//@ append core/src/iter/traits/collect.rs
macro_rules! __supplement_collect {
    ($($t:ident $e:ident),*) => {
        impl<$($t,)* $($e: Default + Extend<$t>,)*> FromIterator<($($t,)*)> for ($($e,)*) {
            fn from_iter<__I: IntoIterator<Item = ($($t,)*)>>(iter: __I) -> Self { loop {} }
        }
    };
}
macro_rules! __supplement_extend {
    ($($t:ident $e:ident),*) => {
        impl<$($t,)* $($e: Extend<$t>,)*> Extend<($($t,)*)> for ($($e,)*) {
            fn extend<__I: IntoIterator<Item = ($($t,)*)>>(&mut self, iter: __I) { loop {} }
        }
    };
}
__supplement_collect! { A EA }
__supplement_collect! { A EA, B EB }
__supplement_collect! { A EA, B EB, C EC }
__supplement_collect! { A EA, B EB, C EC, D ED }
__supplement_collect! { A EA, B EB, C EC, D ED, E EE }
__supplement_collect! { A EA, B EB, C EC, D ED, E EE, F EF }
__supplement_extend! { A EA }
__supplement_extend! { A EA, B EB, C EC }
__supplement_extend! { A EA, B EB, C EC, D ED }
__supplement_extend! { A EA, B EB, C EC, D ED, E EE }
__supplement_extend! { A EA, B EB, C EC, D ED, E EE, F EF }

//@ inside core/src/iter/traits/iterator.rs: pub trait Iterator {
    fn is_sorted_by<F>(self, compare: F) -> bool where Self: Sized, F: FnMut(&Self::Item, &Self::Item) -> bool { loop {} } // replaces

//@ append core/src/mem/mod.rs
pub macro offset_of($Container:ty, $($fields:tt)+) { 0_usize }

//@ append core/src/mem/maybe_uninit.rs
impl<T> [MaybeUninit<T>] {
    pub const fn write_copy_of_slice(&mut self, src: &[T]) -> &mut [T] where T: Copy { loop {} }
    pub fn write_clone_of_slice(&mut self, src: &[T]) -> &mut [T] where T: Clone { loop {} }
    pub unsafe fn assume_init_drop(&mut self) { loop {} }
    pub const unsafe fn assume_init_ref(&self) -> &[T] { loop {} }
    pub const unsafe fn assume_init_mut(&mut self) -> &mut [T] { loop {} }
}
impl<T, const N: usize> From<[MaybeUninit<T>; N]> for MaybeUninit<[T; N]> { fn from(arr: [MaybeUninit<T>; N]) -> Self { loop {} } }
impl<T, const N: usize> From<MaybeUninit<[T; N]>> for [MaybeUninit<T>; N] { fn from(arr: MaybeUninit<[T; N]>) -> Self { loop {} } }
impl<T, const N: usize> AsRef<[MaybeUninit<T>; N]> for MaybeUninit<[T; N]> { fn as_ref(&self) -> &[MaybeUninit<T>; N] { loop {} } }
impl<T, const N: usize> AsRef<[MaybeUninit<T>]> for MaybeUninit<[T; N]> { fn as_ref(&self) -> &[MaybeUninit<T>] { loop {} } }
impl<T, const N: usize> AsMut<[MaybeUninit<T>; N]> for MaybeUninit<[T; N]> { fn as_mut(&mut self) -> &mut [MaybeUninit<T>; N] { loop {} } }
impl<T, const N: usize> AsMut<[MaybeUninit<T>]> for MaybeUninit<[T; N]> { fn as_mut(&mut self) -> &mut [MaybeUninit<T>] { loop {} } }

//@ append core/src/num/mod.rs
pub use nonzero::{NonZero, ZeroablePrimitive};
macro_rules! __supplement_int {
    ($($t:ty)*) => { $(
        impl $t {
            pub const fn strict_add(self, rhs: Self) -> Self { loop {} }
            pub const fn strict_sub(self, rhs: Self) -> Self { loop {} }
            pub const fn strict_mul(self, rhs: Self) -> Self { loop {} }
            pub const fn strict_div(self, rhs: Self) -> Self { loop {} }
            pub const fn strict_div_euclid(self, rhs: Self) -> Self { loop {} }
            pub const fn strict_rem(self, rhs: Self) -> Self { loop {} }
            pub const fn strict_rem_euclid(self, rhs: Self) -> Self { loop {} }
            pub const fn strict_neg(self) -> Self { loop {} }
            pub const fn strict_shl(self, rhs: u32) -> Self { loop {} }
            pub const fn strict_shr(self, rhs: u32) -> Self { loop {} }
            pub const fn strict_pow(self, exp: u32) -> Self { loop {} }
            pub const fn unbounded_shl(self, rhs: u32) -> Self { loop {} }
            pub const fn unbounded_shr(self, rhs: u32) -> Self { loop {} }
            pub const fn isqrt(self) -> Self { loop {} }
            pub const fn ilog(self, base: Self) -> u32 { loop {} }
            pub const fn ilog2(self) -> u32 { loop {} }
            pub const fn ilog10(self) -> u32 { loop {} }
            pub const fn checked_ilog(self, base: Self) -> Option<u32> { loop {} }
            pub const fn checked_ilog2(self) -> Option<u32> { loop {} }
            pub const fn checked_ilog10(self) -> Option<u32> { loop {} }
            pub const fn midpoint(self, rhs: Self) -> Self { loop {} }
        }
    )* };
}
__supplement_int! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize }
macro_rules! __supplement_uint {
    ($($t:ty, $signed:ty;)*) => { $(
        impl $t {
            pub const fn cast_signed(self) -> $signed { loop {} }
            pub const fn strict_add_signed(self, rhs: $signed) -> Self { loop {} }
            pub const fn strict_sub_signed(self, rhs: $signed) -> Self { loop {} }
            pub const fn checked_sub_signed(self, rhs: $signed) -> Option<Self> { loop {} }
            pub const fn saturating_sub_signed(self, rhs: $signed) -> Self { loop {} }
            pub const fn wrapping_sub_signed(self, rhs: $signed) -> Self { loop {} }
            pub const fn overflowing_sub_signed(self, rhs: $signed) -> (Self, bool) { loop {} }
            pub const fn checked_signed_diff(self, rhs: Self) -> Option<$signed> { loop {} }
            pub fn carrying_mul_add(self, rhs: Self, carry: Self, add: Self) -> (Self, Self) { loop {} }
            pub const fn is_multiple_of(self, rhs: Self) -> bool { loop {} }
        }
    )* };
}
__supplement_uint! { u8, i8; u16, i16; u32, i32; u64, i64; u128, i128; usize, isize; }
impl u128 {
    pub fn carrying_mul(self, rhs: Self, carry: Self) -> (Self, Self) { loop {} }
}
macro_rules! __supplement_sint {
    ($($t:ty, $unsigned:ty;)*) => { $(
        impl $t {
            pub const fn cast_unsigned(self) -> $unsigned { loop {} }
            pub const fn strict_add_unsigned(self, rhs: $unsigned) -> Self { loop {} }
            pub const fn strict_sub_unsigned(self, rhs: $unsigned) -> Self { loop {} }
            pub const fn strict_abs(self) -> Self { loop {} }
            pub const unsafe fn unchecked_neg(self) -> Self { loop {} }
            pub const fn checked_isqrt(self) -> Option<Self> { loop {} }
        }
    )* };
}
__supplement_sint! { i8, u8; i16, u16; i32, u32; i64, u64; i128, u128; isize, usize; }

//@ inside core/src/num/f32.rs: pub mod consts {
    pub const GOLDEN_RATIO: f32 = 1.61803398874989484820458683436563811772030918_f32;
    pub const EULER_GAMMA: f32 = 0.577215664901532860606512090082402431042159336_f32;

//@ append core/src/num/f32.rs
impl f32 {
    pub const fn next_up(self) -> Self { loop {} }
    pub const fn next_down(self) -> Self { loop {} }
    pub const fn midpoint(self, other: f32) -> f32 { loop {} }
}

//@ inside core/src/num/f64.rs: pub mod consts {
    pub const GOLDEN_RATIO: f64 = 1.61803398874989484820458683436563811772030918_f64;
    pub const EULER_GAMMA: f64 = 0.577215664901532860606512090082402431042159336_f64;

//@ append core/src/num/f64.rs
impl f64 {
    pub const fn next_up(self) -> Self { loop {} }
    pub const fn next_down(self) -> Self { loop {} }
    pub const fn midpoint(self, other: f64) -> f64 { loop {} }
}

//@ append core/src/num/nonzero.rs
pub unsafe trait ZeroablePrimitive: Sized + Copy {}
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NonZero<T: ZeroablePrimitive>(T);
impl<T: ZeroablePrimitive> NonZero<T> {
    pub const fn new(n: T) -> Option<Self> { loop {} }
    pub const unsafe fn new_unchecked(n: T) -> Self { loop {} }
    pub const fn get(self) -> T { loop {} }
}
impl<T: ZeroablePrimitive + fmt::Debug> fmt::Debug for NonZero<T> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} } }
impl<T: ZeroablePrimitive + fmt::Display> fmt::Display for NonZero<T> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} } }
impl<T: ZeroablePrimitive + fmt::Binary> fmt::Binary for NonZero<T> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} } }
impl<T: ZeroablePrimitive + fmt::Octal> fmt::Octal for NonZero<T> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} } }
impl<T: ZeroablePrimitive + fmt::LowerHex> fmt::LowerHex for NonZero<T> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} } }
impl<T: ZeroablePrimitive + fmt::LowerExp> fmt::LowerExp for NonZero<T> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} } }
impl<T: ZeroablePrimitive + fmt::UpperExp> fmt::UpperExp for NonZero<T> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} } }
impl<T: ZeroablePrimitive + fmt::UpperHex> fmt::UpperHex for NonZero<T> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} } }
impl<T: ZeroablePrimitive + BitOr<Output = T>> BitOr for NonZero<T> {
    type Output = Self;
    fn bitor(self, rhs: Self) -> Self::Output { loop {} }
}
impl<T: ZeroablePrimitive + BitOr<Output = T>> BitOr<T> for NonZero<T> {
    type Output = Self;
    fn bitor(self, rhs: T) -> Self::Output { loop {} }
}
impl<T: ZeroablePrimitive + BitOr<Output = T>> BitOrAssign for NonZero<T> { fn bitor_assign(&mut self, rhs: Self) { loop {} } }
impl<T: ZeroablePrimitive + BitOr<Output = T>> BitOrAssign<T> for NonZero<T> { fn bitor_assign(&mut self, rhs: T) { loop {} } }
macro_rules! __supplement_nonzero {
    ($($t:ty, $alias:ident;)*) => { $(
        unsafe impl ZeroablePrimitive for $t {}
        impl From<NonZero<$t>> for $t { fn from(nonzero: NonZero<$t>) -> Self { loop {} } }
        impl BitOr<NonZero<$t>> for $t {
            type Output = NonZero<$t>;
            fn bitor(self, rhs: NonZero<$t>) -> Self::Output { loop {} }
        }
        impl From<$alias> for NonZero<$t> { fn from(nonzero: $alias) -> Self { loop {} } }
        impl From<NonZero<$t>> for $alias { fn from(nonzero: NonZero<$t>) -> Self { loop {} } }
        impl crate::convert::TryFrom<$t> for NonZero<$t> {
            type Error = crate::num::TryFromIntError;
            fn try_from(value: $t) -> Result<Self, Self::Error> { loop {} }
        }
        impl FromStr for NonZero<$t> {
            type Err = ParseIntError;
            fn from_str(src: &str) -> Result<Self, Self::Err> { loop {} }
        }
        impl NonZero<$t> {
            pub const BITS: u32 = 8;
            pub const MIN: Self = loop {};
            pub const MAX: Self = loop {};
            pub const fn leading_zeros(self) -> u32 { loop {} }
            pub const fn trailing_zeros(self) -> u32 { loop {} }
            pub const fn count_ones(self) -> NonZero<u32> { loop {} }
            pub const fn checked_mul(self, other: Self) -> Option<Self> { loop {} }
            pub const fn saturating_mul(self, other: Self) -> Self { loop {} }
            pub const fn checked_pow(self, other: u32) -> Option<Self> { loop {} }
            pub const fn saturating_pow(self, other: u32) -> Self { loop {} }
        }
        impl $alias {
            pub const fn count_ones(self) -> NonZero<u32> { loop {} }
        }
    )* };
}
__supplement_nonzero! {
    u8, NonZeroU8; u16, NonZeroU16; u32, NonZeroU32; u64, NonZeroU64; u128, NonZeroU128; usize, NonZeroUsize;
    i8, NonZeroI8; i16, NonZeroI16; i32, NonZeroI32; i64, NonZeroI64; i128, NonZeroI128; isize, NonZeroIsize;
}
macro_rules! __supplement_nonzero_unsigned {
    ($($t:ty, $alias:ident, $signed:ty, $signed_alias:ident;)*) => { $(
        impl NonZero<$t> {
            pub const fn checked_add(self, other: $t) -> Option<Self> { loop {} }
            pub const fn saturating_add(self, other: $t) -> Self { loop {} }
            pub const fn checked_next_power_of_two(self) -> Option<Self> { loop {} }
            pub const fn is_power_of_two(self) -> bool { loop {} }
            pub const fn ilog2(self) -> u32 { loop {} }
            pub const fn ilog10(self) -> u32 { loop {} }
            pub const fn midpoint(self, rhs: Self) -> Self { loop {} }
            pub const fn isqrt(self) -> Self { loop {} }
            pub const fn div_ceil(self, rhs: Self) -> Self { loop {} }
            pub const fn cast_signed(self) -> NonZero<$signed> { loop {} }
        }
        impl $alias {
            pub const fn ilog2(self) -> u32 { loop {} }
            pub const fn ilog10(self) -> u32 { loop {} }
            pub const fn midpoint(self, rhs: Self) -> Self { loop {} }
            pub const fn isqrt(self) -> Self { loop {} }
            pub const fn div_ceil(self, rhs: Self) -> Self { loop {} }
            pub const fn cast_signed(self) -> $signed_alias { loop {} }
        }
        impl Div<NonZero<$t>> for $t {
            type Output = $t;
            fn div(self, other: NonZero<$t>) -> $t { loop {} }
        }
        impl Rem<NonZero<$t>> for $t {
            type Output = $t;
            fn rem(self, other: NonZero<$t>) -> $t { loop {} }
        }
        impl crate::ops::DivAssign<NonZero<$t>> for $t { fn div_assign(&mut self, other: NonZero<$t>) { loop {} } }
        impl crate::ops::RemAssign<NonZero<$t>> for $t { fn rem_assign(&mut self, other: NonZero<$t>) { loop {} } }
        impl crate::ops::DivAssign<$alias> for $t { fn div_assign(&mut self, other: $alias) { loop {} } }
        impl crate::ops::RemAssign<$alias> for $t { fn rem_assign(&mut self, other: $alias) { loop {} } }
    )* };
}
__supplement_nonzero_unsigned! {
    u8, NonZeroU8, i8, NonZeroI8; u16, NonZeroU16, i16, NonZeroI16; u32, NonZeroU32, i32, NonZeroI32;
    u64, NonZeroU64, i64, NonZeroI64; u128, NonZeroU128, i128, NonZeroI128; usize, NonZeroUsize, isize, NonZeroIsize;
}
macro_rules! __supplement_nonzero_signed {
    ($($t:ty, $alias:ident, $unsigned:ty, $unsigned_alias:ident;)*) => { $(
        impl NonZero<$t> {
            pub const fn abs(self) -> Self { loop {} }
            pub const fn checked_abs(self) -> Option<Self> { loop {} }
            pub const fn overflowing_abs(self) -> (Self, bool) { loop {} }
            pub const fn saturating_abs(self) -> Self { loop {} }
            pub const fn wrapping_abs(self) -> Self { loop {} }
            pub const fn unsigned_abs(self) -> NonZero<$unsigned> { loop {} }
            pub const fn is_positive(self) -> bool { loop {} }
            pub const fn is_negative(self) -> bool { loop {} }
            pub const fn checked_neg(self) -> Option<Self> { loop {} }
            pub const fn overflowing_neg(self) -> (Self, bool) { loop {} }
            pub const fn saturating_neg(self) -> Self { loop {} }
            pub const fn wrapping_neg(self) -> Self { loop {} }
            pub const fn cast_unsigned(self) -> NonZero<$unsigned> { loop {} }
        }
        impl $alias {
            pub const fn is_positive(self) -> bool { loop {} }
            pub const fn is_negative(self) -> bool { loop {} }
            pub const fn checked_neg(self) -> Option<Self> { loop {} }
            pub const fn overflowing_neg(self) -> (Self, bool) { loop {} }
            pub const fn saturating_neg(self) -> Self { loop {} }
            pub const fn wrapping_neg(self) -> Self { loop {} }
            pub const fn cast_unsigned(self) -> $unsigned_alias { loop {} }
        }
        impl crate::ops::Neg for NonZero<$t> {
            type Output = NonZero<$t>;
            fn neg(self) -> Self::Output { loop {} }
        }
        impl crate::ops::Neg for &NonZero<$t> {
            type Output = NonZero<$t>;
            fn neg(self) -> Self::Output { loop {} }
        }
        impl crate::ops::Neg for $alias {
            type Output = $alias;
            fn neg(self) -> Self::Output { loop {} }
        }
        impl crate::ops::Neg for &$alias {
            type Output = $alias;
            fn neg(self) -> Self::Output { loop {} }
        }
    )* };
}
__supplement_nonzero_signed! {
    i8, NonZeroI8, u8, NonZeroU8; i16, NonZeroI16, u16, NonZeroU16; i32, NonZeroI32, u32, NonZeroU32;
    i64, NonZeroI64, u64, NonZeroU64; i128, NonZeroI128, u128, NonZeroU128; isize, NonZeroIsize, usize, NonZeroUsize;
}

//@ append core/src/ops/mod.rs
pub use self::async_function::{AsyncFn, AsyncFnMut, AsyncFnOnce};
mod async_function {
    use crate::future::Future;
    pub trait AsyncFn<Args>: AsyncFnMut<Args> {
        extern "rust-call" fn async_call(&self, args: Args) -> Self::CallRefFuture<'_>;
    }
    pub trait AsyncFnMut<Args>: AsyncFnOnce<Args> {
        type CallRefFuture<'a>: Future<Output = Self::Output> where Self: 'a;
        extern "rust-call" fn async_call_mut(&mut self, args: Args) -> Self::CallRefFuture<'_>;
    }
    pub trait AsyncFnOnce<Args> {
        type CallOnceFuture: Future<Output = Self::Output>;
        type Output;
        extern "rust-call" fn async_call_once(self, args: Args) -> Self::CallOnceFuture;
    }
    impl<A, F: AsyncFn<A> + ?Sized> AsyncFn<A> for &F {
        extern "rust-call" fn async_call(&self, args: A) -> Self::CallRefFuture<'_> { loop {} }
    }
    impl<A, F: AsyncFn<A> + ?Sized> AsyncFnMut<A> for &F {
        type CallRefFuture<'a> = F::CallRefFuture<'a> where Self: 'a;
        extern "rust-call" fn async_call_mut(&mut self, args: A) -> Self::CallRefFuture<'_> { loop {} }
    }
    impl<'a, A, F: AsyncFn<A> + ?Sized> AsyncFnOnce<A> for &'a F {
        type Output = F::Output;
        type CallOnceFuture = F::CallRefFuture<'a>;
        extern "rust-call" fn async_call_once(self, args: A) -> Self::CallOnceFuture { loop {} }
    }
    impl<A, F: AsyncFnMut<A> + ?Sized> AsyncFnMut<A> for &mut F {
        type CallRefFuture<'a> = F::CallRefFuture<'a> where Self: 'a;
        extern "rust-call" fn async_call_mut(&mut self, args: A) -> Self::CallRefFuture<'_> { loop {} }
    }
    impl<'a, A, F: AsyncFnMut<A> + ?Sized> AsyncFnOnce<A> for &'a mut F {
        type Output = F::Output;
        type CallOnceFuture = F::CallRefFuture<'a>;
        extern "rust-call" fn async_call_once(self, args: A) -> Self::CallOnceFuture { loop {} }
    }
}

//@ append core/src/ops/control_flow.rs
impl<B, C> ControlFlow<B, C> {
    pub fn continue_value(self) -> Option<C> { loop {} }
    pub fn map_continue<T, F: FnOnce(C) -> T>(self, f: F) -> ControlFlow<B, T> { loop {} }
}

//@ append core/src/option.rs
impl<T> Option<T> {
    pub fn is_some_and(self, f: impl FnOnce(T) -> bool) -> bool { loop {} } // replaces
    pub fn is_none_or(self, f: impl FnOnce(T) -> bool) -> bool { loop {} }
    pub const fn as_slice(&self) -> &[T] { loop {} }
    pub const fn as_mut_slice(&mut self) -> &mut [T] { loop {} }
    pub fn take_if<P: FnOnce(&mut T) -> bool>(&mut self, predicate: P) -> Option<T> { loop {} }
}

//@ append core/src/panic.rs
pub use self::panic_info::PanicMessage;

//@ append core/src/panic/location.rs
impl<'a> Location<'a> {
    pub const fn file_as_c_str(&self) -> &'a crate::ffi::CStr { loop {} }
}

//@ append core/src/panic/panic_info.rs
pub struct PanicMessage<'a> { message: &'a fmt::Arguments<'a> }
impl PanicInfo<'_> {
    pub fn message(&self) -> PanicMessage<'_> { loop {} } // replaces
    pub fn payload_as_str(&self) -> Option<&str> { loop {} }
}
impl<'a> PanicMessage<'a> {
    pub const fn as_str(&self) -> Option<&'static str> { loop {} }
}
impl fmt::Display for PanicMessage<'_> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} } }
impl fmt::Debug for PanicMessage<'_> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} } }

//@ inside core/src/prelude/mod.rs: pub mod rust_2024 {
    pub use crate::future::{Future, IntoFuture};

//@ append core/src/prelude/v1.rs
pub use crate::mem::{align_of, align_of_val, size_of, size_of_val};
pub use crate::ops::{AsyncFn, AsyncFnMut, AsyncFnOnce};

//@ append core/src/ptr/mod.rs
pub const fn dangling<T>() -> *const T { loop {} }
pub const fn dangling_mut<T>() -> *mut T { loop {} }
pub const fn without_provenance<T>(addr: usize) -> *const T { loop {} }
pub const fn without_provenance_mut<T>(addr: usize) -> *mut T { loop {} }
pub fn with_exposed_provenance<T>(addr: usize) -> *const T { loop {} }
pub fn with_exposed_provenance_mut<T>(addr: usize) -> *mut T { loop {} }
pub const fn from_ref<T: ?Sized>(r: &T) -> *const T { loop {} }
pub const fn from_mut<T: ?Sized>(r: &mut T) -> *mut T { loop {} }
pub fn addr_eq<T: ?Sized, U: ?Sized>(p: *const T, q: *const U) -> bool { loop {} }
pub fn fn_addr_eq<T, U>(f: T, g: U) -> bool { loop {} }

//@ append core/src/ptr/const_ptr.rs
impl<T: ?Sized> *const T {
    pub const fn cast_mut(self) -> *mut T { loop {} }
    pub fn expose_provenance(self) -> usize { loop {} }
    pub const unsafe fn as_ref_unchecked<'a>(self) -> &'a T { loop {} }
    pub const unsafe fn byte_offset_from<U: ?Sized>(self, origin: *const U) -> isize { loop {} } // replaces
    pub const unsafe fn offset_from_unsigned(self, origin: *const T) -> usize where T: Sized { loop {} }
    pub const unsafe fn byte_offset_from_unsigned<U: ?Sized>(self, origin: *const U) -> usize { loop {} }
}
impl<T> *const [T] {
    pub const fn is_empty(self) -> bool { loop {} }
    pub const fn as_array<const N: usize>(self) -> Option<*const [T; N]> { loop {} }
}
impl<T> Default for *const T { fn default() -> Self { loop {} } }

//@ append core/src/ptr/mut_ptr.rs
impl<T: ?Sized> *mut T {
    pub const fn cast_const(self) -> *const T { loop {} }
    pub fn expose_provenance(self) -> usize { loop {} }
    pub const unsafe fn as_ref_unchecked<'a>(self) -> &'a T { loop {} }
    pub const unsafe fn as_mut_unchecked<'a>(self) -> &'a mut T { loop {} }
    pub const unsafe fn byte_offset_from<U: ?Sized>(self, origin: *const U) -> isize { loop {} } // replaces
    pub const unsafe fn offset_from_unsigned(self, origin: *const T) -> usize where T: Sized { loop {} }
    pub const unsafe fn byte_offset_from_unsigned<U: ?Sized>(self, origin: *mut U) -> usize { loop {} }
}
impl<T> *mut [T] {
    pub const fn as_mut_array<const N: usize>(self) -> Option<*mut [T; N]> { loop {} }
}
impl<T> Default for *mut T { fn default() -> Self { loop {} } }

//@ append core/src/ptr/non_null.rs
impl<T> NonNull<T> {
    pub const fn without_provenance(addr: NonZeroUsize) -> Self { loop {} }
    pub fn with_exposed_provenance(addr: NonZeroUsize) -> Self { loop {} }
}
impl<T: ?Sized> NonNull<T> {
    pub const fn from_ref(r: &T) -> Self { loop {} }
    pub const fn from_mut(r: &mut T) -> Self { loop {} }
    pub fn expose_provenance(self) -> NonZeroUsize { loop {} }
    pub const unsafe fn offset(self, count: isize) -> Self where T: Sized { loop {} }
    pub const unsafe fn byte_offset(self, count: isize) -> Self { loop {} }
    pub const unsafe fn add(self, count: usize) -> Self where T: Sized { loop {} }
    pub const unsafe fn byte_add(self, count: usize) -> Self { loop {} }
    pub const unsafe fn sub(self, count: usize) -> Self where T: Sized { loop {} }
    pub const unsafe fn byte_sub(self, count: usize) -> Self { loop {} }
    pub const unsafe fn offset_from(self, origin: NonNull<T>) -> isize where T: Sized { loop {} }
    pub const unsafe fn byte_offset_from<U: ?Sized>(self, origin: NonNull<U>) -> isize { loop {} }
    pub const unsafe fn offset_from_unsigned(self, subtracted: NonNull<T>) -> usize where T: Sized { loop {} }
    pub const unsafe fn byte_offset_from_unsigned<U: ?Sized>(self, origin: NonNull<U>) -> usize { loop {} }
    pub const unsafe fn read(self) -> T where T: Sized { loop {} }
    pub unsafe fn read_volatile(self) -> T where T: Sized { loop {} }
    pub const unsafe fn read_unaligned(self) -> T where T: Sized { loop {} }
    pub const unsafe fn write(self, val: T) where T: Sized { loop {} }
    pub const unsafe fn write_bytes(self, val: u8, count: usize) where T: Sized { loop {} }
    pub unsafe fn write_volatile(self, val: T) where T: Sized { loop {} }
    pub const unsafe fn write_unaligned(self, val: T) where T: Sized { loop {} }
    pub const unsafe fn replace(self, src: T) -> T where T: Sized { loop {} }
    pub const unsafe fn swap(self, with: NonNull<T>) where T: Sized { loop {} }
    pub unsafe fn drop_in_place(self) { loop {} }
    pub const unsafe fn copy_to(self, dest: NonNull<T>, count: usize) where T: Sized { loop {} }
    pub const unsafe fn copy_to_nonoverlapping(self, dest: NonNull<T>, count: usize) where T: Sized { loop {} }
    pub const unsafe fn copy_from(self, src: NonNull<T>, count: usize) where T: Sized { loop {} }
    pub const unsafe fn copy_from_nonoverlapping(self, src: NonNull<T>, count: usize) where T: Sized { loop {} }
    pub fn align_offset(self, align: usize) -> usize where T: Sized { loop {} }
    pub fn is_aligned(self) -> bool where T: Sized { loop {} }
}
impl<T> NonNull<[T]> {
    pub const fn is_empty(self) -> bool { loop {} }
}

//@ append core/src/result.rs
impl<T, E> Result<T, E> {
    pub fn is_ok_and<F: FnOnce(T) -> bool>(self, f: F) -> bool { loop {} } // replaces
    pub fn is_err_and<F: FnOnce(E) -> bool>(self, f: F) -> bool { loop {} } // replaces
}

//@ append core/src/slice/mod.rs
pub use iter::{ChunkBy, ChunkByMut};
impl<T> [T] {
    pub const fn first_chunk<const N: usize>(&self) -> Option<&[T; N]> { loop {} }
    pub const fn first_chunk_mut<const N: usize>(&mut self) -> Option<&mut [T; N]> { loop {} }
    pub const fn split_first_chunk<const N: usize>(&self) -> Option<(&[T; N], &[T])> { loop {} }
    pub const fn split_first_chunk_mut<const N: usize>(&mut self) -> Option<(&mut [T; N], &mut [T])> { loop {} }
    pub const fn split_last_chunk<const N: usize>(&self) -> Option<(&[T], &[T; N])> { loop {} }
    pub const fn split_last_chunk_mut<const N: usize>(&mut self) -> Option<(&mut [T], &mut [T; N])> { loop {} }
    pub const fn last_chunk<const N: usize>(&self) -> Option<&[T; N]> { loop {} }
    pub const fn last_chunk_mut<const N: usize>(&mut self) -> Option<&mut [T; N]> { loop {} }
    pub const fn as_array<const N: usize>(&self) -> Option<&[T; N]> { loop {} }
    pub const fn as_mut_array<const N: usize>(&mut self) -> Option<&mut [T; N]> { loop {} }
    pub fn chunk_by<F: FnMut(&T, &T) -> bool>(&self, pred: F) -> ChunkBy<'_, T, F> { loop {} }
    pub fn chunk_by_mut<F: FnMut(&T, &T) -> bool>(&mut self, pred: F) -> ChunkByMut<'_, T, F> { loop {} }
    pub const fn split_at_checked(&self, mid: usize) -> Option<(&[T], &[T])> { loop {} }
    pub const fn split_at_mut_checked(&mut self, mid: usize) -> Option<(&mut [T], &mut [T])> { loop {} }
    pub fn split_off<'a, R: OneSidedRange<usize>>(self: &mut &'a Self, range: R) -> Option<&'a Self> { loop {} }
    pub fn split_off_mut<'a, R: OneSidedRange<usize>>(self: &mut &'a mut Self, range: R) -> Option<&'a mut Self> { loop {} }
    pub fn split_off_first<'a>(self: &mut &'a Self) -> Option<&'a T> { loop {} }
    pub fn split_off_first_mut<'a>(self: &mut &'a mut Self) -> Option<&'a mut T> { loop {} }
    pub fn split_off_last<'a>(self: &mut &'a Self) -> Option<&'a T> { loop {} }
    pub fn split_off_last_mut<'a>(self: &mut &'a mut Self) -> Option<&'a mut T> { loop {} }
    pub unsafe fn get_disjoint_unchecked_mut<I, const N: usize>(&mut self, indices: [I; N]) -> [&mut I::Output; N]
    where
        I: GetDisjointMutIndex + SliceIndex<Self>,
    { loop {} }
    pub fn get_disjoint_mut<I, const N: usize>(&mut self, indices: [I; N]) -> Result<[&mut I::Output; N], GetDisjointMutError>
    where
        I: GetDisjointMutIndex + SliceIndex<Self>,
    { loop {} }
    pub fn is_sorted_by<'a, F: FnMut(&'a T, &'a T) -> bool>(&'a self, compare: F) -> bool { loop {} } // replaces
    pub fn element_offset(&self, element: &T) -> Option<usize> { loop {} }
}
impl<T, const N: usize> [[T; N]] {
    pub const fn as_flattened(&self) -> &[T] { loop {} }
    pub const fn as_flattened_mut(&mut self) -> &mut [T] { loop {} }
}
pub unsafe trait GetDisjointMutIndex: Clone {
    fn is_in_bounds(&self, len: usize) -> bool;
    fn is_overlapping(&self, other: &Self) -> bool;
}
unsafe impl GetDisjointMutIndex for usize {
    fn is_in_bounds(&self, len: usize) -> bool { loop {} }
    fn is_overlapping(&self, other: &Self) -> bool { loop {} }
}
unsafe impl GetDisjointMutIndex for Range<usize> {
    fn is_in_bounds(&self, len: usize) -> bool { loop {} }
    fn is_overlapping(&self, other: &Self) -> bool { loop {} }
}
unsafe impl GetDisjointMutIndex for crate::ops::RangeInclusive<usize> {
    fn is_in_bounds(&self, len: usize) -> bool { loop {} }
    fn is_overlapping(&self, other: &Self) -> bool { loop {} }
}
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GetDisjointMutError { IndexOutOfBounds, OverlappingIndices }
impl crate::fmt::Display for GetDisjointMutError { fn fmt(&self, f: &mut crate::fmt::Formatter<'_>) -> crate::fmt::Result { loop {} } }

//@ append core/src/slice/index.rs
unsafe impl<T> SliceIndex<[T]> for crate::range::RangeInclusive<usize> {
    type Output = [T];
    fn get(self, slice: &[T]) -> Option<&[T]> { loop {} }
    fn get_mut(self, slice: &mut [T]) -> Option<&mut [T]> { loop {} }
    unsafe fn get_unchecked(self, slice: *const [T]) -> *const [T] { loop {} }
    unsafe fn get_unchecked_mut(self, slice: *mut [T]) -> *mut [T] { loop {} }
    fn index(self, slice: &[T]) -> &[T] { loop {} }
    fn index_mut(self, slice: &mut [T]) -> &mut [T] { loop {} }
}

//@ append core/src/slice/iter.rs
pub struct ChunkBy<'a, T: 'a, P> { slice: &'a [T], predicate: P }
pub struct ChunkByMut<'a, T: 'a, P> { slice: &'a mut [T], predicate: P }
impl<'a, T: 'a, P: FnMut(&T, &T) -> bool> Iterator for ChunkBy<'a, T, P> {
    type Item = &'a [T];
    fn next(&mut self) -> Option<Self::Item> { loop {} }
}
impl<'a, T: 'a, P: FnMut(&T, &T) -> bool> DoubleEndedIterator for ChunkBy<'a, T, P> {
    fn next_back(&mut self) -> Option<Self::Item> { loop {} }
}
impl<'a, T: 'a, P: FnMut(&T, &T) -> bool> FusedIterator for ChunkBy<'a, T, P> {}
impl<'a, T: 'a, P: Clone> Clone for ChunkBy<'a, T, P> { fn clone(&self) -> Self { loop {} } }
impl<'a, T: 'a + fmt::Debug, P> fmt::Debug for ChunkBy<'a, T, P> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} } }
impl<'a, T: 'a, P: FnMut(&T, &T) -> bool> Iterator for ChunkByMut<'a, T, P> {
    type Item = &'a mut [T];
    fn next(&mut self) -> Option<Self::Item> { loop {} }
}
impl<'a, T: 'a, P: FnMut(&T, &T) -> bool> DoubleEndedIterator for ChunkByMut<'a, T, P> {
    fn next_back(&mut self) -> Option<Self::Item> { loop {} }
}
impl<'a, T: 'a, P: FnMut(&T, &T) -> bool> FusedIterator for ChunkByMut<'a, T, P> {}
impl<'a, T: 'a + fmt::Debug, P> fmt::Debug for ChunkByMut<'a, T, P> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} } }
impl<T, const N: usize> FusedIterator for ArrayWindows<'_, T, N> {}
impl<T> Default for Iter<'_, T> { fn default() -> Self { loop {} } }
impl<T> Default for IterMut<'_, T> { fn default() -> Self { loop {} } }

//@ append core/src/str/mod.rs
pub use lossy::{Utf8Chunk, Utf8Chunks};
impl str {
    pub const fn from_utf8(v: &[u8]) -> Result<&str, Utf8Error> { loop {} }
    pub const fn from_utf8_mut(v: &mut [u8]) -> Result<&mut str, Utf8Error> { loop {} }
    pub const unsafe fn from_utf8_unchecked(v: &[u8]) -> &str { loop {} }
    pub const unsafe fn from_utf8_unchecked_mut(v: &mut [u8]) -> &mut str { loop {} }
    pub const fn split_at_checked(&self, mid: usize) -> Option<(&str, &str)> { loop {} }
    pub const fn split_at_mut_checked(&mut self, mid: usize) -> Option<(&mut str, &mut str)> { loop {} }
    pub const fn trim_ascii_start(&self) -> &str { loop {} }
    pub const fn trim_ascii_end(&self) -> &str { loop {} }
    pub const fn trim_ascii(&self) -> &str { loop {} }
}

//@ append core/src/str/lossy.rs
impl [u8] {
    pub fn utf8_chunks(&self) -> Utf8Chunks<'_> { loop {} }
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Utf8Chunk<'a> { valid: &'a str, invalid: &'a [u8] }
impl<'a> Utf8Chunk<'a> {
    pub fn valid(&self) -> &'a str { loop {} }
    pub fn invalid(&self) -> &'a [u8] { loop {} }
}
#[derive(Clone, Debug)]
pub struct Utf8Chunks<'a> { source: &'a [u8] }
impl<'a> Iterator for Utf8Chunks<'a> {
    type Item = Utf8Chunk<'a>;
    fn next(&mut self) -> Option<Utf8Chunk<'a>> { loop {} }
}
impl crate::iter::FusedIterator for Utf8Chunks<'_> {}

//@ append core/src/str/traits.rs
unsafe impl SliceIndex<str> for (ops::Bound<usize>, ops::Bound<usize>) {
    type Output = str;
    fn get(self, slice: &str) -> Option<&str> { loop {} }
    fn get_mut(self, slice: &mut str) -> Option<&mut str> { loop {} }
    unsafe fn get_unchecked(self, slice: *const str) -> *const str { loop {} }
    unsafe fn get_unchecked_mut(self, slice: *mut str) -> *mut str { loop {} }
    fn index(self, slice: &str) -> &str { loop {} }
    fn index_mut(self, slice: &mut str) -> &mut str { loop {} }
}
unsafe impl SliceIndex<str> for crate::range::RangeInclusive<usize> {
    type Output = str;
    fn get(self, slice: &str) -> Option<&str> { loop {} }
    fn get_mut(self, slice: &mut str) -> Option<&mut str> { loop {} }
    unsafe fn get_unchecked(self, slice: *const str) -> *const str { loop {} }
    unsafe fn get_unchecked_mut(self, slice: *mut str) -> *mut str { loop {} }
    fn index(self, slice: &str) -> &str { loop {} }
    fn index_mut(self, slice: &mut str) -> &mut str { loop {} }
}

//@ append core/src/sync/atomic.rs
macro_rules! __supplement_atomic {
    ($($t:ident, $v:ty;)*) => { $(
        impl $t {
            pub const unsafe fn from_ptr<'a>(ptr: *mut $v) -> &'a $t { loop {} }
            pub const fn as_ptr(&self) -> *mut $v { loop {} }
            pub fn try_update(&self, set_order: Ordering, fetch_order: Ordering, f: impl FnMut($v) -> Option<$v>) -> Result<$v, $v> { loop {} }
            pub fn update(&self, set_order: Ordering, fetch_order: Ordering, f: impl FnMut($v) -> $v) -> $v { loop {} }
        }
    )* };
}
__supplement_atomic! {
    AtomicBool, bool; AtomicU8, u8; AtomicU16, u16; AtomicU32, u32; AtomicU64, u64; AtomicUsize, usize;
    AtomicI8, i8; AtomicI16, i16; AtomicI32, i32; AtomicI64, i64; AtomicIsize, isize;
}
impl AtomicBool {
    pub fn fetch_not(&self, order: Ordering) -> bool { loop {} }
}
impl<T> AtomicPtr<T> {
    pub const unsafe fn from_ptr<'a>(ptr: *mut *mut T) -> &'a AtomicPtr<T> { loop {} }
    pub const fn as_ptr(&self) -> *mut *mut T { loop {} }
    pub fn try_update(&self, set_order: Ordering, fetch_order: Ordering, f: impl FnMut(*mut T) -> Option<*mut T>) -> Result<*mut T, *mut T> { loop {} }
    pub fn update(&self, set_order: Ordering, fetch_order: Ordering, f: impl FnMut(*mut T) -> *mut T) -> *mut T { loop {} }
    pub fn fetch_ptr_add(&self, val: usize, order: Ordering) -> *mut T { loop {} }
    pub fn fetch_ptr_sub(&self, val: usize, order: Ordering) -> *mut T { loop {} }
    pub fn fetch_byte_add(&self, val: usize, order: Ordering) -> *mut T { loop {} }
    pub fn fetch_byte_sub(&self, val: usize, order: Ordering) -> *mut T { loop {} }
    pub fn fetch_or(&self, val: usize, order: Ordering) -> *mut T { loop {} }
    pub fn fetch_and(&self, val: usize, order: Ordering) -> *mut T { loop {} }
    pub fn fetch_xor(&self, val: usize, order: Ordering) -> *mut T { loop {} }
}

//@ append core/src/task/wake.rs
impl Waker {
    pub const unsafe fn new(data: *const (), vtable: &'static RawWakerVTable) -> Self { loop {} }
    pub const fn noop() -> &'static Waker { loop {} }
    pub fn data(&self) -> *const () { loop {} }
    pub fn vtable(&self) -> &'static RawWakerVTable { loop {} }
}

//@ append core/src/time.rs
pub type TryFromFloatSecsError = FromFloatSecsError;
impl Duration {
    pub const fn from_hours(hours: u64) -> Duration { loop {} }
    pub const fn from_mins(mins: u64) -> Duration { loop {} }
    pub const fn from_nanos_u128(nanos: u128) -> Duration { loop {} }
    pub const fn abs_diff(self, other: Duration) -> Duration { loop {} }
}

//@ append core/src/tuple.rs
macro_rules! __supplement_tuple {
    ($($n:literal ($($t:ident)*);)*) => { $(
        impl<T> From<[T; $n]> for ($($t,)*) { fn from(array: [T; $n]) -> Self { loop {} } }
        impl<T> From<($($t,)*)> for [T; $n] { fn from(tuple: ($($t,)*)) -> Self { loop {} } }
    )* };
}
__supplement_tuple! {
    1 (T); 2 (T T); 3 (T T T); 4 (T T T T); 5 (T T T T T); 6 (T T T T T T); 7 (T T T T T T T); 8 (T T T T T T T T);
    9 (T T T T T T T T T); 10 (T T T T T T T T T T); 11 (T T T T T T T T T T T); 12 (T T T T T T T T T T T T);
}

// =============================================================================================================== alloc

//@ append alloc/src/boxed.rs
impl<I, A: Allocator> IntoIterator for Box<[I], A> {
    type Item = I;
    type IntoIter = crate::vec::IntoIter<I, A>;
    fn into_iter(self) -> crate::vec::IntoIter<I, A> { loop {} }
}
impl<'a, I, A: Allocator> IntoIterator for &'a Box<[I], A> {
    type Item = &'a I;
    type IntoIter = core::slice::Iter<'a, I>;
    fn into_iter(self) -> core::slice::Iter<'a, I> { loop {} }
}
impl<'a, I, A: Allocator> IntoIterator for &'a mut Box<[I], A> {
    type Item = &'a mut I;
    type IntoIter = core::slice::IterMut<'a, I>;
    fn into_iter(self) -> core::slice::IterMut<'a, I> { loop {} }
}
impl FromIterator<char> for Box<str> { fn from_iter<T: IntoIterator<Item = char>>(iter: T) -> Self { loop {} } }
impl<'a> FromIterator<&'a char> for Box<str> { fn from_iter<T: IntoIterator<Item = &'a char>>(iter: T) -> Self { loop {} } }
impl<'a> FromIterator<&'a str> for Box<str> { fn from_iter<T: IntoIterator<Item = &'a str>>(iter: T) -> Self { loop {} } }
impl FromIterator<crate::string::String> for Box<str> {
    fn from_iter<T: IntoIterator<Item = crate::string::String>>(iter: T) -> Self { loop {} }
}
impl<A: Allocator> FromIterator<Box<str, A>> for Box<str> { fn from_iter<T: IntoIterator<Item = Box<str, A>>>(iter: T) -> Self { loop {} } }
impl<'a> FromIterator<Cow<'a, str>> for Box<str> { fn from_iter<T: IntoIterator<Item = Cow<'a, str>>>(iter: T) -> Self { loop {} } }
impl<T: Clone> From<&mut [T]> for Box<[T]> { fn from(slice: &mut [T]) -> Box<[T]> { loop {} } }
impl From<&mut str> for Box<str> { fn from(s: &mut str) -> Box<str> { loop {} } }
impl<T, const N: usize> TryFrom<Vec<T>> for Box<[T; N]> {
    type Error = Vec<T>;
    fn try_from(vec: Vec<T>) -> Result<Self, Self::Error> { loop {} }
}
impl<T: ?Sized> Default for Pin<Box<T>> where Box<T>: Default { fn default() -> Self { loop {} } }
impl<Args, F: core::ops::AsyncFnOnce<Args> + ?Sized, A: Allocator> core::ops::AsyncFnOnce<Args> for Box<F, A> {
    type Output = F::Output;
    type CallOnceFuture = F::CallOnceFuture;
    extern "rust-call" fn async_call_once(self, args: Args) -> Self::CallOnceFuture { loop {} }
}
impl<Args, F: core::ops::AsyncFnMut<Args> + ?Sized, A: Allocator> core::ops::AsyncFnMut<Args> for Box<F, A> {
    type CallRefFuture<'a> = F::CallRefFuture<'a> where Self: 'a;
    extern "rust-call" fn async_call_mut(&mut self, args: Args) -> Self::CallRefFuture<'_> { loop {} }
}
impl<Args, F: core::ops::AsyncFn<Args> + ?Sized, A: Allocator> core::ops::AsyncFn<Args> for Box<F, A> {
    extern "rust-call" fn async_call(&self, args: Args) -> Self::CallRefFuture<'_> { loop {} }
}

//@ append alloc/src/collections/binary_heap.rs
impl<T> Default for Iter<'_, T> { fn default() -> Self { loop {} } }
impl<T> Default for IntoIter<T> { fn default() -> Self { loop {} } }

//@ append alloc/src/collections/btree/map.rs
pub struct ExtractIf<'a, K, V, R, F, A: Allocator + Clone = Global> { pred: F, range: R, alloc: A, map: &'a mut BTreeMap<K, V, A> }
impl<K, V, R, F, A> Iterator for ExtractIf<'_, K, V, R, F, A>
where
    A: Allocator + Clone,
    K: PartialOrd,
    R: RangeBounds<K>,
    F: FnMut(&K, &mut V) -> bool,
{
    type Item = (K, V);
    fn next(&mut self) -> Option<(K, V)> { loop {} }
}
impl<K: PartialOrd, V, R: RangeBounds<K>, F: FnMut(&K, &mut V) -> bool> FusedIterator for ExtractIf<'_, K, V, R, F> {}
impl<K: Debug, V: Debug, R, F, A: Allocator + Clone> Debug for ExtractIf<'_, K, V, R, F, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} }
}
impl<K, V, A: Allocator + Clone> BTreeMap<K, V, A> {
    pub fn extract_if<F, R>(&mut self, range: R, pred: F) -> ExtractIf<'_, K, V, R, F, A>
    where
        K: Ord,
        R: RangeBounds<K>,
        F: FnMut(&K, &mut V) -> bool,
    { loop {} }
}
impl<'a, K: 'a, V: 'a> Default for Iter<'a, K, V> { fn default() -> Self { loop {} } }
impl<'a, K: 'a, V: 'a> Default for IterMut<'a, K, V> { fn default() -> Self { loop {} } }
impl<K, V> Default for Keys<'_, K, V> { fn default() -> Self { loop {} } }
impl<K, V> Default for Values<'_, K, V> { fn default() -> Self { loop {} } }
impl<K, V> Default for ValuesMut<'_, K, V> { fn default() -> Self { loop {} } }
impl<K, V> Default for Range<'_, K, V> { fn default() -> Self { loop {} } }
impl<K, V> Default for RangeMut<'_, K, V> { fn default() -> Self { loop {} } }
impl<K, V, A: Allocator + Default + Clone> Default for IntoIter<K, V, A> { fn default() -> Self { loop {} } }
impl<K, V, A: Allocator + Default + Clone> Default for IntoKeys<K, V, A> { fn default() -> Self { loop {} } }
impl<K, V, A: Allocator + Default + Clone> Default for IntoValues<K, V, A> { fn default() -> Self { loop {} } }

//@ append alloc/src/collections/btree/map/entry.rs
impl<'a, K: Ord, V, A: Allocator + Clone> Entry<'a, K, V, A> {
    pub fn insert_entry(self, value: V) -> OccupiedEntry<'a, K, V, A> { loop {} }
}
impl<'a, K: Ord, V, A: Allocator + Clone> VacantEntry<'a, K, V, A> {
    pub fn insert_entry(self, value: V) -> OccupiedEntry<'a, K, V, A> { loop {} }
}

//@ append alloc/src/collections/btree/set.rs
pub struct ExtractIf<'a, T, R, F, A: Allocator + Clone = Global> { pred: F, range: R, alloc: A, set: &'a mut BTreeSet<T, A> }
impl<T, R, F, A> Iterator for ExtractIf<'_, T, R, F, A>
where
    A: Allocator + Clone,
    T: PartialOrd,
    R: RangeBounds<T>,
    F: FnMut(&T) -> bool,
{
    type Item = T;
    fn next(&mut self) -> Option<T> { loop {} }
}
impl<T: PartialOrd, R: RangeBounds<T>, F: FnMut(&T) -> bool, A: Allocator + Clone> FusedIterator for ExtractIf<'_, T, R, F, A> {}
impl<T: Debug, R, F, A: Allocator + Clone> Debug for ExtractIf<'_, T, R, F, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} }
}
impl<T, A: Allocator + Clone> BTreeSet<T, A> {
    pub fn extract_if<F, R>(&mut self, range: R, pred: F) -> ExtractIf<'_, T, R, F, A>
    where
        T: Ord,
        R: RangeBounds<T>,
        F: FnMut(&T) -> bool,
    { loop {} }
}
impl<T> Default for Iter<'_, T> { fn default() -> Self { loop {} } }
impl<T> Default for Range<'_, T> { fn default() -> Self { loop {} } }
impl<T, A: Allocator + Default + Clone> Default for IntoIter<T, A> { fn default() -> Self { loop {} } }

//@ append alloc/src/collections/linked_list.rs
pub struct ExtractIf<'a, T: 'a, F: 'a> { list: &'a mut LinkedList<T>, pred: F }
impl<T, F: FnMut(&mut T) -> bool> Iterator for ExtractIf<'_, T, F> {
    type Item = T;
    fn next(&mut self) -> Option<T> { loop {} }
}
impl<T: fmt::Debug, F> fmt::Debug for ExtractIf<'_, T, F> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} } }
impl<T> LinkedList<T> {
    pub fn push_front_mut(&mut self, elt: T) -> &mut T { loop {} }
    pub fn push_back_mut(&mut self, elt: T) -> &mut T { loop {} }
    pub fn extract_if<F: FnMut(&mut T) -> bool>(&mut self, filter: F) -> ExtractIf<'_, T, F> { loop {} }
}
impl<T> Default for Iter<'_, T> { fn default() -> Self { loop {} } }
impl<T> Default for IterMut<'_, T> { fn default() -> Self { loop {} } }
impl<T> Default for IntoIter<T> { fn default() -> Self { loop {} } }

//@ append alloc/src/collections/vec_deque/mod.rs
impl<T, A: Allocator> VecDeque<T, A> {
    pub fn pop_front_if(&mut self, predicate: impl FnOnce(&mut T) -> bool) -> Option<T> { loop {} }
    pub fn pop_back_if(&mut self, predicate: impl FnOnce(&mut T) -> bool) -> Option<T> { loop {} }
    pub fn push_front_mut(&mut self, value: T) -> &mut T { loop {} }
    pub fn push_back_mut(&mut self, value: T) -> &mut T { loop {} }
    pub fn insert_mut(&mut self, index: usize, value: T) -> &mut T { loop {} }
}

//@ append alloc/src/collections/vec_deque/iter.rs
impl<T> Default for Iter<'_, T> { fn default() -> Self { loop {} } }

//@ append alloc/src/collections/vec_deque/iter_mut.rs
impl<T> Default for IterMut<'_, T> { fn default() -> Self { loop {} } }

//@ append alloc/src/ffi/c_str.rs
impl TryFrom<CString> for String {
    type Error = IntoStringError;
    fn try_from(value: CString) -> Result<String, IntoStringError> { loop {} }
}
impl core::str::FromStr for CString {
    type Err = NulError;
    fn from_str(s: &str) -> Result<Self, Self::Err> { loop {} }
}
impl Default for Rc<CStr> { fn default() -> Self { loop {} } }
impl Default for Arc<CStr> { fn default() -> Self { loop {} } }
impl From<&mut CStr> for Box<CStr> { fn from(s: &mut CStr) -> Box<CStr> { loop {} } }
impl From<&mut CStr> for Rc<CStr> { fn from(s: &mut CStr) -> Rc<CStr> { loop {} } }
impl From<&mut CStr> for Arc<CStr> { fn from(s: &mut CStr) -> Arc<CStr> { loop {} } }
impl PartialEq<CStr> for CString { fn eq(&self, other: &CStr) -> bool { loop {} } }
impl PartialEq<&CStr> for CString { fn eq(&self, other: &&CStr) -> bool { loop {} } }
impl PartialEq<CString> for CStr { fn eq(&self, other: &CString) -> bool { loop {} } }
impl PartialEq<Cow<'_, CStr>> for CStr { fn eq(&self, other: &Cow<'_, CStr>) -> bool { loop {} } }
impl PartialEq<Cow<'_, CStr>> for CString { fn eq(&self, other: &Cow<'_, CStr>) -> bool { loop {} } }
impl PartialEq<CStr> for Cow<'_, CStr> { fn eq(&self, other: &CStr) -> bool { loop {} } }
impl PartialEq<&CStr> for Cow<'_, CStr> { fn eq(&self, other: &&CStr) -> bool { loop {} } }
impl PartialEq<CString> for Cow<'_, CStr> { fn eq(&self, other: &CString) -> bool { loop {} } }

//@ append alloc/src/fmt.rs
pub use core::fmt::{from_fn, FromFn};

//@ append alloc/src/rc.rs
impl<T> Rc<T> {
    pub fn into_inner(this: Self) -> Option<T> { loop {} }
}
impl<T: ?Sized> Default for Pin<Rc<T>> where Rc<T>: Default { fn default() -> Self { loop {} } }
impl<T> Default for Rc<[T]> { fn default() -> Self { loop {} } }
impl Default for Rc<str> { fn default() -> Self { loop {} } }
impl<T, const N: usize> From<[T; N]> for Rc<[T]> { fn from(v: [T; N]) -> Rc<[T]> { loop {} } }
impl<T: Clone> From<&mut [T]> for Rc<[T]> { fn from(v: &mut [T]) -> Rc<[T]> { loop {} } }
impl From<&mut str> for Rc<str> { fn from(v: &mut str) -> Rc<str> { loop {} } }

//@ append alloc/src/slice.rs
pub use core::slice::{ChunkBy, ChunkByMut, GetDisjointMutError};

//@ append alloc/src/str.rs
pub use core::str::{Utf8Chunk, Utf8Chunks};

//@ append alloc/src/string.rs
impl String {
    pub fn leak<'a>(self) -> &'a mut str { loop {} }
}
impl TryFrom<Vec<u8>> for String {
    type Error = FromUtf8Error;
    fn try_from(bytes: Vec<u8>) -> Result<Self, Self::Error> { loop {} }
}

//@ append alloc/src/sync.rs
impl<T> Arc<T> {
    pub fn into_inner(this: Self) -> Option<T> { loop {} }
}
impl<T: ?Sized> Default for Pin<Arc<T>> where Arc<T>: Default { fn default() -> Self { loop {} } }
impl<T> Default for Arc<[T]> { fn default() -> Self { loop {} } }
impl Default for Arc<str> { fn default() -> Self { loop {} } }
impl<T, const N: usize> From<[T; N]> for Arc<[T]> { fn from(v: [T; N]) -> Arc<[T]> { loop {} } }
impl<T: Clone> From<&mut [T]> for Arc<[T]> { fn from(v: &mut [T]) -> Arc<[T]> { loop {} } }
impl From<&mut str> for Arc<str> { fn from(v: &mut str) -> Arc<str> { loop {} } }

//@ append alloc/src/vec/mod.rs
pub use self::extract_if::ExtractIf;
mod extract_if {
    use super::Vec;
    use crate::alloc::{Allocator, Global};
    use core::fmt;
    pub struct ExtractIf<'a, T, F, A: Allocator = Global> { vec: &'a mut Vec<T, A>, pred: F }
    impl<T, F: FnMut(&mut T) -> bool, A: Allocator> Iterator for ExtractIf<'_, T, F, A> {
        type Item = T;
        fn next(&mut self) -> Option<T> { loop {} }
    }
    impl<T, F, A: Allocator> Drop for ExtractIf<'_, T, F, A> { fn drop(&mut self) { loop {} } }
    impl<T: fmt::Debug, F, A: Allocator> fmt::Debug for ExtractIf<'_, T, F, A> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} }
    }
}
impl<T, A: Allocator> Vec<T, A> {
    pub fn push_mut(&mut self, value: T) -> &mut T { loop {} }
    pub fn insert_mut(&mut self, index: usize, element: T) -> &mut T { loop {} }
    pub fn pop_if(&mut self, predicate: impl FnOnce(&mut T) -> bool) -> Option<T> { loop {} }
    pub fn extract_if<F, R>(&mut self, range: R, filter: F) -> ExtractIf<'_, T, F, A>
    where
        F: FnMut(&mut T) -> bool,
        R: RangeBounds<usize>,
    { loop {} }
}
impl<T: Clone, const N: usize> From<&[T; N]> for Vec<T> { fn from(s: &[T; N]) -> Vec<T> { loop {} } }
impl<T: Clone, const N: usize> From<&mut [T; N]> for Vec<T> { fn from(s: &mut [T; N]) -> Vec<T> { loop {} } }

//@ append alloc/src/vec/cow.rs
impl<'a, T: Clone, const N: usize> From<&'a [T; N]> for Cow<'a, [T]> { fn from(s: &'a [T; N]) -> Cow<'a, [T]> { loop {} } }

//@ append alloc/src/vec/into_iter.rs
impl<T, A: Allocator + Default> Default for IntoIter<T, A> { fn default() -> Self { loop {} } }

// ================================================================================================================= std

//@ append std/src/lib.rs
pub use core::range;
pub mod hash {
    pub use core::hash::*;
    pub use crate::collections::hash_map::{DefaultHasher, RandomState};
}

//@ append std/src/collections/hash/map.rs
pub struct ExtractIf<'a, K, V, F> { base: &'a mut HashMap<K, V>, pred: F }
impl<K, V, F: FnMut(&K, &mut V) -> bool> Iterator for ExtractIf<'_, K, V, F> {
    type Item = (K, V);
    fn next(&mut self) -> Option<(K, V)> { loop {} }
}
impl<K, V, F: FnMut(&K, &mut V) -> bool> FusedIterator for ExtractIf<'_, K, V, F> {}
impl<K: Debug, V: Debug, F> Debug for ExtractIf<'_, K, V, F> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} } }
impl<K, V, S> HashMap<K, V, S> {
    pub fn extract_if<F: FnMut(&K, &mut V) -> bool>(&mut self, pred: F) -> ExtractIf<'_, K, V, F> { loop {} }
}
impl<K: Eq + Hash, V, S: BuildHasher> HashMap<K, V, S> {
    pub fn get_disjoint_mut<Q, const N: usize>(&mut self, ks: [&Q; N]) -> [Option<&'_ mut V>; N]
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    { loop {} }
    pub unsafe fn get_disjoint_unchecked_mut<Q, const N: usize>(&mut self, ks: [&Q; N]) -> [Option<&'_ mut V>; N]
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    { loop {} }
}
impl<K, V> Default for Iter<'_, K, V> { fn default() -> Self { loop {} } }
impl<K, V> Default for IterMut<'_, K, V> { fn default() -> Self { loop {} } }
impl<K, V> Default for IntoIter<K, V> { fn default() -> Self { loop {} } }
impl<K, V> Default for Keys<'_, K, V> { fn default() -> Self { loop {} } }
impl<K, V> Default for Values<'_, K, V> { fn default() -> Self { loop {} } }
impl<K, V> Default for ValuesMut<'_, K, V> { fn default() -> Self { loop {} } }
impl<K, V> Default for IntoKeys<K, V> { fn default() -> Self { loop {} } }
impl<K, V> Default for IntoValues<K, V> { fn default() -> Self { loop {} } }

//@ append std/src/collections/hash/set.rs
pub struct ExtractIf<'a, K, F> { base: &'a mut HashSet<K>, pred: F }
impl<K, F: FnMut(&K) -> bool> Iterator for ExtractIf<'_, K, F> {
    type Item = K;
    fn next(&mut self) -> Option<K> { loop {} }
}
impl<K, F: FnMut(&K) -> bool> FusedIterator for ExtractIf<'_, K, F> {}
impl<K: fmt::Debug, F> fmt::Debug for ExtractIf<'_, K, F> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} } }
impl<T, S> HashSet<T, S> {
    pub fn extract_if<F: FnMut(&T) -> bool>(&mut self, pred: F) -> ExtractIf<'_, T, F> { loop {} }
}
impl<K> Default for Iter<'_, K> { fn default() -> Self { loop {} } }
impl<K> Default for IntoIter<K> { fn default() -> Self { loop {} } }

//@ append std/src/error.rs
impl Error for core::slice::GetDisjointMutError {}

//@ append std/src/f32.rs
impl f32 {
    pub const fn round_ties_even(self) -> f32 { loop {} }
}

//@ append std/src/f64.rs
impl f64 {
    pub const fn round_ties_even(self) -> f64 { loop {} }
}

//@ append std/src/ffi/mod.rs
pub use core::ffi::{
    c_char, c_double, c_float, c_int, c_long, c_longlong, c_schar, c_short, c_uchar, c_uint, c_ulong, c_ulonglong, c_ushort,
    FromBytesUntilNulError,
};
pub mod c_str {
    pub use super::{CStr, CString, FromBytesUntilNulError, FromBytesWithNulError, FromVecWithNulError, IntoStringError, NulError};
}

//@ append std/src/ffi/os_str.rs
impl OsString {
    pub unsafe fn from_encoded_bytes_unchecked(bytes: Vec<u8>) -> Self { loop {} }
    pub fn into_encoded_bytes(self) -> Vec<u8> { loop {} }
    pub fn leak<'a>(self) -> &'a mut OsStr { loop {} }
}
impl OsStr {
    pub unsafe fn from_encoded_bytes_unchecked(bytes: &[u8]) -> &Self { loop {} }
    pub fn as_encoded_bytes(&self) -> &[u8] { loop {} }
    pub fn display(&self) -> Display<'_> { loop {} } // replaces
}
pub struct Display<'a> { os_str: &'a OsStr }
impl fmt::Debug for Display<'_> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} } }
impl fmt::Display for Display<'_> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} } }
impl fmt::Write for OsString { fn write_str(&mut self, s: &str) -> fmt::Result { loop {} } }
impl<'a> TryFrom<&'a OsStr> for &'a str {
    type Error = crate::str::Utf8Error;
    fn try_from(value: &'a OsStr) -> Result<Self, Self::Error> { loop {} }
}
impl From<&mut OsStr> for Box<OsStr> { fn from(s: &mut OsStr) -> Box<OsStr> { loop {} } }
impl From<&mut OsStr> for Rc<OsStr> { fn from(s: &mut OsStr) -> Rc<OsStr> { loop {} } }
impl From<&mut OsStr> for Arc<OsStr> { fn from(s: &mut OsStr) -> Arc<OsStr> { loop {} } }

//@ append std/src/fs.rs
pub fn exists<P: AsRef<Path>>(path: P) -> io::Result<bool> { loop {} }
impl File {
    pub fn create_new<P: AsRef<Path>>(path: P) -> io::Result<File> { loop {} }
    pub fn lock(&self) -> io::Result<()> { loop {} }
    pub fn lock_shared(&self) -> io::Result<()> { loop {} }
    pub fn try_lock(&self) -> Result<(), TryLockError> { loop {} }
    pub fn try_lock_shared(&self) -> Result<(), TryLockError> { loop {} }
    pub fn unlock(&self) -> io::Result<()> { loop {} }
    pub fn set_times(&self, times: FileTimes) -> io::Result<()> { loop {} }
    pub fn set_modified(&self, time: SystemTime) -> io::Result<()> { loop {} }
}
pub enum TryLockError { Error(io::Error), WouldBlock }
impl crate::error::Error for TryLockError {}
impl fmt::Debug for TryLockError { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} } }
impl fmt::Display for TryLockError { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { loop {} } }
impl From<TryLockError> for io::Error { fn from(err: TryLockError) -> io::Error { loop {} } }
#[derive(Copy, Clone, Debug, Default)]
pub struct FileTimes(fs_imp::FileTimes);
impl FileTimes {
    pub fn new() -> Self { loop {} }
    pub fn set_accessed(self, t: SystemTime) -> Self { loop {} }
    pub fn set_modified(self, t: SystemTime) -> Self { loop {} }
}
impl Read for crate::sync::Arc<File> { fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> { loop {} } }
impl Write for crate::sync::Arc<File> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> { loop {} }
    fn flush(&mut self) -> io::Result<()> { loop {} }
}
impl Seek for crate::sync::Arc<File> { fn seek(&mut self, pos: SeekFrom) -> io::Result<u64> { loop {} } }

//@ inside std/src/io/mod.rs: pub trait Seek {
    fn seek_relative(&mut self, offset: i64) -> Result<()> { loop {} }

//@ inside std/src/io/mod.rs: pub trait BufRead: Read {
    fn skip_until(&mut self, byte: u8) -> Result<usize> { loop {} }

//@ append std/src/io/mod.rs
pub use self::pipe::{pipe, PipeReader, PipeWriter};
pub use self::stdio::IsTerminal;
impl<T: Seek> Seek for Take<T> { fn seek(&mut self, pos: SeekFrom) -> Result<u64> { loop {} } }
mod pipe {
    use crate::io::{self, Read, Write};
    pub fn pipe() -> io::Result<(PipeReader, PipeWriter)> { loop {} }
    #[derive(Debug)]
    pub struct PipeReader(crate::sys::pipe::AnonPipe);
    #[derive(Debug)]
    pub struct PipeWriter(crate::sys::pipe::AnonPipe);
    impl PipeReader {
        pub fn try_clone(&self) -> io::Result<Self> { loop {} }
    }
    impl PipeWriter {
        pub fn try_clone(&self) -> io::Result<Self> { loop {} }
    }
    impl Read for PipeReader { fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> { loop {} } }
    impl Read for &PipeReader { fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> { loop {} } }
    impl Write for PipeWriter {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> { loop {} }
        fn flush(&mut self) -> io::Result<()> { loop {} }
    }
    impl Write for &PipeWriter {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> { loop {} }
        fn flush(&mut self) -> io::Result<()> { loop {} }
    }
}

//@ inside std/src/io/error.rs: pub enum ErrorKind {
    QuotaExceeded,

//@ append std/src/io/error.rs
impl Error {
    pub fn downcast<E: error::Error + Send + Sync + 'static>(self) -> result::Result<E, Self> { loop {} }
}
impl From<crate::collections::TryReserveError> for Error { fn from(_: crate::collections::TryReserveError) -> Error { loop {} } }

//@ append std/src/io/impls.rs
impl<A: Allocator> BufRead for VecDeque<u8, A> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> { loop {} }
    fn consume(&mut self, amt: usize) { loop {} }
}

//@ append std/src/io/stdio.rs
pub trait IsTerminal {
    fn is_terminal(&self) -> bool;
}
impl IsTerminal for crate::fs::File { fn is_terminal(&self) -> bool { loop {} } }
impl IsTerminal for Stdin { fn is_terminal(&self) -> bool { loop {} } }
impl IsTerminal for StdinLock<'_> { fn is_terminal(&self) -> bool { loop {} } }
impl IsTerminal for Stdout { fn is_terminal(&self) -> bool { loop {} } }
impl IsTerminal for StdoutLock<'_> { fn is_terminal(&self) -> bool { loop {} } }
impl IsTerminal for Stderr { fn is_terminal(&self) -> bool { loop {} } }
impl IsTerminal for StderrLock<'_> { fn is_terminal(&self) -> bool { loop {} } }
impl Read for &Stdin { fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> { loop {} } }

//@ append std/src/io/util.rs
impl Write for Empty {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> { loop {} }
    fn flush(&mut self) -> io::Result<()> { loop {} }
}
impl Write for &Empty {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> { loop {} }
    fn flush(&mut self) -> io::Result<()> { loop {} }
}

//@ append std/src/net/ip.rs
impl Ipv4Addr {
    pub const BITS: u32 = 32;
    pub const fn to_bits(self) -> u32 { loop {} }
    pub const fn from_bits(bits: u32) -> Ipv4Addr { loop {} }
    pub const fn from_octets(octets: [u8; 4]) -> Ipv4Addr { loop {} }
}
impl Ipv6Addr {
    pub const BITS: u32 = 128;
    pub const fn to_bits(self) -> u128 { loop {} }
    pub const fn from_bits(bits: u128) -> Ipv6Addr { loop {} }
    pub const fn from_segments(segments: [u16; 8]) -> Ipv6Addr { loop {} }
    pub const fn from_octets(octets: [u8; 16]) -> Ipv6Addr { loop {} }
}
macro_rules! __supplement_ip_bits {
    ($($t:ident)*) => { $(
        impl crate::ops::Not for $t {
            type Output = $t;
            fn not(self) -> $t { loop {} }
        }
        impl crate::ops::Not for &$t {
            type Output = $t;
            fn not(self) -> $t { loop {} }
        }
        __supplement_ip_bit! { $t BitAnd bitand BitAndAssign bitand_assign }
        __supplement_ip_bit! { $t BitOr bitor BitOrAssign bitor_assign }
    )* };
}
macro_rules! __supplement_ip_bit {
    ($t:ident $op:ident $f:ident $assign:ident $g:ident) => {
        impl crate::ops::$op for $t {
            type Output = $t;
            fn $f(self, rhs: $t) -> $t { loop {} }
        }
        impl crate::ops::$op<&$t> for $t {
            type Output = $t;
            fn $f(self, rhs: &$t) -> $t { loop {} }
        }
        impl crate::ops::$op<$t> for &$t {
            type Output = $t;
            fn $f(self, rhs: $t) -> $t { loop {} }
        }
        impl crate::ops::$op<&$t> for &$t {
            type Output = $t;
            fn $f(self, rhs: &$t) -> $t { loop {} }
        }
        impl crate::ops::$assign for $t { fn $g(&mut self, rhs: $t) { loop {} } }
        impl crate::ops::$assign<&$t> for $t { fn $g(&mut self, rhs: &$t) { loop {} } }
    };
}
__supplement_ip_bits! { Ipv4Addr Ipv6Addr }

//@ append std/src/net/tcp.rs
impl crate::iter::FusedIterator for Incoming<'_> {}

//@ append std/src/num.rs
pub use core::num::NonZero;

//@ append std/src/os/fd/mod.rs
pub use self::owned::{AsFd, BorrowedFd, OwnedFd};
pub use self::raw::{AsRawFd, FromRawFd, IntoRawFd, RawFd};

//@ append std/src/os/fd/owned.rs
impl<T: AsFd + ?Sized> AsFd for crate::sync::Arc<T> { fn as_fd(&self) -> BorrowedFd<'_> { loop {} } }
impl<T: AsFd + ?Sized> AsFd for crate::rc::Rc<T> { fn as_fd(&self) -> BorrowedFd<'_> { loop {} } }
impl<T: AsFd + ?Sized> AsFd for Box<T> { fn as_fd(&self) -> BorrowedFd<'_> { loop {} } }
impl AsFd for crate::io::PipeReader { fn as_fd(&self) -> BorrowedFd<'_> { loop {} } }
impl AsFd for crate::io::PipeWriter { fn as_fd(&self) -> BorrowedFd<'_> { loop {} } }
impl From<crate::io::PipeReader> for OwnedFd { fn from(pipe: crate::io::PipeReader) -> Self { loop {} } }
impl From<crate::io::PipeWriter> for OwnedFd { fn from(pipe: crate::io::PipeWriter) -> Self { loop {} } }
impl From<OwnedFd> for crate::io::PipeReader { fn from(owned_fd: OwnedFd) -> Self { loop {} } }
impl From<OwnedFd> for crate::io::PipeWriter { fn from(owned_fd: OwnedFd) -> Self { loop {} } }
impl crate::io::IsTerminal for BorrowedFd<'_> { fn is_terminal(&self) -> bool { loop {} } }
impl crate::io::IsTerminal for OwnedFd { fn is_terminal(&self) -> bool { loop {} } }

//@ append std/src/os/fd/raw.rs
impl<T: AsRawFd> AsRawFd for crate::sync::Arc<T> { fn as_raw_fd(&self) -> RawFd { loop {} } }
impl<T: AsRawFd> AsRawFd for crate::rc::Rc<T> { fn as_raw_fd(&self) -> RawFd { loop {} } }
impl<T: AsRawFd> AsRawFd for Box<T> { fn as_raw_fd(&self) -> RawFd { loop {} } }
impl AsRawFd for io::PipeReader { fn as_raw_fd(&self) -> RawFd { loop {} } }
impl AsRawFd for io::PipeWriter { fn as_raw_fd(&self) -> RawFd { loop {} } }
impl IntoRawFd for io::PipeReader { fn into_raw_fd(self) -> RawFd { loop {} } }
impl IntoRawFd for io::PipeWriter { fn into_raw_fd(self) -> RawFd { loop {} } }
impl FromRawFd for io::PipeReader { unsafe fn from_raw_fd(raw_fd: RawFd) -> Self { loop {} } }
impl FromRawFd for io::PipeWriter { unsafe fn from_raw_fd(raw_fd: RawFd) -> Self { loop {} } }

//@ append std/src/os/linux/mod.rs
pub mod net {
    use crate::io;
    use crate::os::unix::net::SocketAddr;
    pub trait SocketAddrExt {
        fn from_abstract_name<N: AsRef<[u8]>>(name: N) -> io::Result<SocketAddr>;
        fn as_abstract_name(&self) -> Option<&[u8]>;
    }
    impl SocketAddrExt for SocketAddr {
        fn from_abstract_name<N: AsRef<[u8]>>(name: N) -> io::Result<Self> { loop {} }
        fn as_abstract_name(&self) -> Option<&[u8]> { loop {} }
    }
    pub trait TcpStreamExt {
        fn set_quickack(&self, quickack: bool) -> io::Result<()>;
        fn quickack(&self) -> io::Result<bool>;
    }
    impl TcpStreamExt for crate::net::TcpStream {
        fn set_quickack(&self, quickack: bool) -> io::Result<()> { loop {} }
        fn quickack(&self) -> io::Result<bool> { loop {} }
    }
}

//@ append std/src/os/unix/process.rs
impl From<OwnedFd> for process::ChildStdin { fn from(fd: OwnedFd) -> process::ChildStdin { loop {} } }
impl From<OwnedFd> for process::ChildStdout { fn from(fd: OwnedFd) -> process::ChildStdout { loop {} } }
impl From<OwnedFd> for process::ChildStderr { fn from(fd: OwnedFd) -> process::ChildStderr { loop {} } }

//@ append std/src/panic.rs
pub type PanicHookInfo<'a> = core::panic::PanicInfo<'a>;

//@ append std/src/path.rs
impl Path {
    pub fn as_mut_os_str(&mut self) -> &mut OsStr { loop {} }
    pub fn with_added_extension<S: AsRef<OsStr>>(&self, extension: S) -> PathBuf { loop {} }
}
impl PathBuf {
    pub fn leak<'a>(self) -> &'a mut Path { loop {} }
    pub fn add_extension<S: AsRef<OsStr>>(&mut self, extension: S) -> bool { loop {} }
    pub fn as_mut_os_string(&mut self) -> &mut OsString { loop {} }
}
impl ops::DerefMut for PathBuf { fn deref_mut(&mut self) -> &mut Path { loop {} } }
impl From<&mut Path> for Box<Path> { fn from(path: &mut Path) -> Self { loop {} } }
impl From<&mut Path> for Rc<Path> { fn from(s: &mut Path) -> Rc<Path> { loop {} } }
impl From<&mut Path> for Arc<Path> { fn from(s: &mut Path) -> Arc<Path> { loop {} } }
impl PartialEq<str> for Path { fn eq(&self, other: &str) -> bool { loop {} } }
impl PartialEq<str> for PathBuf { fn eq(&self, other: &str) -> bool { loop {} } }
impl PartialEq<String> for Path { fn eq(&self, other: &String) -> bool { loop {} } }
impl PartialEq<String> for PathBuf { fn eq(&self, other: &String) -> bool { loop {} } }
impl PartialEq<Path> for str { fn eq(&self, other: &Path) -> bool { loop {} } }
impl PartialEq<PathBuf> for str { fn eq(&self, other: &PathBuf) -> bool { loop {} } }
impl PartialEq<Path> for String { fn eq(&self, other: &Path) -> bool { loop {} } }
impl PartialEq<PathBuf> for String { fn eq(&self, other: &PathBuf) -> bool { loop {} } }

//@ append std/src/prelude/v1.rs
pub use crate::mem::{align_of, align_of_val, size_of, size_of_val};
pub use crate::ops::{AsyncFn, AsyncFnMut, AsyncFnOnce};

//@ append std/src/process.rs
impl Default for ExitCode { fn default() -> Self { loop {} } }
impl Default for ExitStatus { fn default() -> Self { loop {} } }
impl From<io::Stdout> for Stdio { fn from(inherit: io::Stdout) -> Self { loop {} } }
impl From<io::Stderr> for Stdio { fn from(inherit: io::Stderr) -> Self { loop {} } }
impl From<io::PipeReader> for Stdio { fn from(pipe: io::PipeReader) -> Self { loop {} } }
impl From<io::PipeWriter> for Stdio { fn from(pipe: io::PipeWriter) -> Self { loop {} } }

//@ append std/src/sync/lazy_lock.rs
impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    pub fn force_mut(this: &mut LazyLock<T, F>) -> &mut T { loop {} }
}
impl<T, F> LazyLock<T, F> {
    pub fn get(this: &LazyLock<T, F>) -> Option<&T> { loop {} }
    pub fn get_mut(this: &mut LazyLock<T, F>) -> Option<&mut T> { loop {} }
}
impl<T, F: FnOnce() -> T> crate::ops::DerefMut for LazyLock<T, F> { fn deref_mut(&mut self) -> &mut T { loop {} } }

//@ append std/src/sync/once.rs
impl Once {
    pub fn wait(&self) { loop {} }
    pub fn wait_force(&self) { loop {} }
}

//@ append std/src/sync/once_lock.rs
impl<T> OnceLock<T> {
    pub fn wait(&self) -> &T { loop {} }
}

//@ append std/src/sync/rwlock.rs
impl<'rwlock, T: ?Sized> RwLockWriteGuard<'rwlock, T> {
    pub fn downgrade(s: Self) -> RwLockReadGuard<'rwlock, T> { loop {} }
}

//@ append std/src/time.rs
pub use core::time::TryFromFloatSecsError;

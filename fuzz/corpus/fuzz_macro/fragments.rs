{
    ($name:ident : $t:ty = $e:expr, $($rest:tt)*) => { let $name: $t = $e; m! { $($rest)* } };
    ($($(#[$m:meta])* $v:vis fn $f:ident($($a:pat_param => $p:path),* $(,)?) $b:block)+) => {
        $($(#[$m])* $v fn $f($($a: $p),*) $b)+
    };
    ($l:lifetime $x:literal $i:item $s:stmt) => { $crate::go::<$l>($x); $i $s };
    ($($a:ident)|+ ; $($b:ident),*) => { $($a = $b;)* };
    () => {};
}
%%
(#[inline] pub(crate) fn f(x => a::B, (y, z) => C<D>,) { x + 1 } fn g() {})

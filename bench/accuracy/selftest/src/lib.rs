use std::fmt;
use std::ops::{Add, Deref, Index};

pub mod judged;
pub mod shape;
use shape::Shape as Form;

#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    pub x: i32,
}

pub type Alias = Point;

impl Default for Alias {
    fn default() -> Self {
        Point::new(0)
    }
}

impl Point {
    pub fn new(x: i32) -> Self {
        Point { x }
    }

    pub fn bump(&self, by: i32) -> Point {
        let add = |n: i32| helper(n);
        Point::new(self.x + add(by))
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", helper(self.x))
    }
}

impl Add for Point {
    type Output = Point;
    fn add(self, other: Point) -> Point {
        Point::new(self.x + other.x)
    }
}

impl From<i32> for Point {
    fn from(x: i32) -> Point {
        Point::new(x)
    }
}

impl From<u8> for Point {
    fn from(x: u8) -> Point {
        Point::new(x as i32)
    }
}

pub struct Row(Vec<Point>);

impl Deref for Row {
    type Target = Vec<Point>;
    fn deref(&self) -> &Vec<Point> {
        &self.0
    }
}

impl Index<u8> for Row {
    type Output = Point;
    fn index(&self, at: u8) -> &Point {
        &self.0[at as usize]
    }
}

pub trait Area {
    fn area(&self) -> i32;
    fn twice(&self) -> i32 {
        self.area() * 2
    }
}

impl Area for Point {
    fn area(&self) -> i32 {
        self.x
    }
}

impl<'a, T: Area> Area for &'a T {
    fn area(&self) -> i32 {
        (**self).area()
    }
}

pub trait Tell {
    fn tell(&self) -> String;
}

impl<T: fmt::Display> Tell for T {
    fn tell(&self) -> String {
        self.to_string()
    }
}

impl dyn Area + '_ {
    pub fn named(&self) -> i32 {
        self.area()
    }
}

macro_rules! make {
    ($name:ident) => {
        pub fn $name() -> i32 {
            helper(1)
        }
    };
}
make!(made);

pub fn helper(n: i32) -> i32 {
    fn inner(n: i32) -> i32 {
        n + 1
    }
    inner(n)
}

#[cfg(feature = "std")]
pub fn twin() -> i32 {
    helper(1)
}

#[cfg(not(feature = "std"))]
pub fn twin() -> i32 {
    made()
}

pub fn generic<T: Area>(t: &T) -> i32 {
    t.area()
}

pub fn object(t: &dyn Area) -> i32 {
    t.area() + t.named()
}

pub fn all(row: Row, f: fn(i32) -> i32) -> Result<i32, fmt::Error> {
    let p: Point = 3i32.into();
    let q = p.clone() + Point::from(1u8);
    let text = q.tell();
    let n = row.len() as i32 + row[0u8].area() + q.twice() + (&&q).area();
    for p in row.iter() {
        fallible(p.x)?;
    }
    let g = helper;
    Ok(n + f(1) + g(2) + text.parse::<i32>().unwrap_or(0) + Form::unit().area())
}

fn fallible(x: i32) -> Result<(), fmt::Error> {
    if x > 0 { Ok(()) } else { Err(fmt::Error) }
}

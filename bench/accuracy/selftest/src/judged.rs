//! Where a harness that goes by names alone would judge wrongly; selftest.py says what is expected.
use crate::shape::Shape;
use std::io;
use std::ops::Index;
use std::os::raw::c_int;

#[derive(PartialEq)]
pub struct Id(pub u8);

impl PartialEq<u8> for Id {
    fn eq(&self, other: &u8) -> bool {
        self.0 == *other
    }
}

impl From<Id> for usize {
    fn from(id: Id) -> usize {
        id.0 as usize
    }
}

impl From<Shape> for c_int {
    fn from(_: Shape) -> c_int {
        0
    }
}

impl From<Shape> for io::Error {
    fn from(_: Shape) -> io::Error {
        io::Error::last_os_error()
    }
}

impl Index<Id> for Vec<Shape> {
    type Output = Shape;
    fn index(&self, id: Id) -> &Shape {
        &self[id.0 as usize]
    }
}

pub fn foreign(ids: Vec<Id>, shapes: Vec<Shape>) -> bool {
    let n = usize::from(1u8);
    let same = Id::from(Id(1));
    let _ = (&shapes[0], &ids[n]);
    same == Id(2)
}

pub fn ours(shapes: Vec<Shape>) -> bool {
    let _ = &shapes[Id(1)];
    let n = usize::from(Id(1));
    Id(1) == 1 && n > 0
}

pub fn reflexive(r: io::Result<u8>) -> io::Result<u8> {
    Ok(r?)
}

pub fn converted(r: Result<u8, Shape>) -> io::Result<u8> {
    Ok(r?)
}

pub fn where_clause<I>(v: &Vec<Shape>, at: I) -> &Shape
where
    Vec<Shape>: Index<I, Output = Shape>,
{
    &v[at]
}

impl Id {
    pub fn width(self, width: u8) -> u8 {
        let _ = width;
        if width > 1 { self.width(1) } else { 0 }
    }
}

macro_rules! inside {
    () => {
        pub fn called() -> Shape {
            Shape::unit()
        }
    };
}

inside!();

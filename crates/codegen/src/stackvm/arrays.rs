//! Arrays of the stack VM: named by index, checked at each use.

/// All arrays that the code of one compiler made.
#[derive(Debug, Default)]
pub struct Arrays {
    items: Vec<Box<[i64]>>,
    /// Elements over all arrays.
    total: usize,
}

/// References are numbers far away from those that programs compute with, so that a mistaken one is found.
const FIRST: i64 = 0x5EED_0000_0000;

impl Arrays {
    /// The longest array, in elements; all arrays together have at most sixteen times as many.
    pub const MAX_LENGTH: i64 = 1 << 24;

    /// A new array of zeros; none if the length is not possible or there is no room.
    pub fn create(&mut self, length: i64) -> Option<i64> {
        let fits = (0..=Self::MAX_LENGTH).contains(&length)
            && self.total + length as usize <= 16 * Self::MAX_LENGTH as usize
            && self.items.len() < 1 << 24;
        if !fits {
            return None;
        }
        self.total += length as usize;
        self.items.push(vec![0; length as usize].into_boxed_slice());
        Some(FIRST + self.items.len() as i64 - 1)
    }

    /// The elements of an array; none for what is no array.
    pub fn get(&self, array: i64) -> Option<&[i64]> {
        let index = usize::try_from(array.checked_sub(FIRST)?).ok()?;
        self.items.get(index).map(|items| &**items)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, array: i64) -> Option<&mut [i64]> {
        let index = usize::try_from(array.checked_sub(FIRST)?).ok()?;
        self.items.get_mut(index).map(|items| &mut **items)
    }
}

/// What compiled code asks of the arrays. `ok` is set to 0 where the request is an error.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// The value; 0 for an error.
    pub value: i64,
    /// 1, or 0 for an error.
    pub ok: i64,
}

impl Answer {
    fn of(value: Option<i64>) -> Answer {
        Answer { value: value.unwrap_or(0), ok: value.is_some() as i64 }
    }
}

pub unsafe extern "C" fn create(arrays: *mut Arrays, length: i64) -> Answer {
    // SAFETY: compiled code passes the address of its compiler's arrays, which outlive the code; nobody else uses them
    // while code runs, since calls borrow the compiler mutably.
    Answer::of(unsafe { &mut *arrays }.create(length))
}

pub unsafe extern "C" fn length(arrays: *mut Arrays, array: i64) -> Answer {
    // SAFETY: as in `create`.
    Answer::of(unsafe { &*arrays }.get(array).map(|items| items.len() as i64))
}

pub unsafe extern "C" fn read(arrays: *mut Arrays, array: i64, index: i64) -> Answer {
    // SAFETY: as in `create`.
    let items = unsafe { &*arrays }.get(array);
    Answer::of(items.and_then(|items| items.get(usize::try_from(index).ok()?).copied()))
}

pub unsafe extern "C" fn write(arrays: *mut Arrays, array: i64, index: i64, value: i64) -> Answer {
    // SAFETY: as in `create`.
    let items = unsafe { &mut *arrays }.get_mut(array);
    let place = items.and_then(|items| items.get_mut(usize::try_from(index).ok()?));
    Answer::of(place.map(|place| {
        *place = value;
        0
    }))
}

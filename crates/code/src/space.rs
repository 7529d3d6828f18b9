//! The code space: publishing, finding, retiring and freeing code, and what it costs.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use tercel_asm::reloc::link;
use tercel_asm::{RelocKind, RelocTarget, Relocation};

use crate::listen::CodeListener;
use crate::object::{CodeImage, CodeKind, CodeObject, CodeRef, ImageInfo};
use crate::os::Region;
use crate::ranges::{GRANULE, Ranges, round_up};
use crate::{CodeError, SUPPORTED};

/// The symbol that stands for the data block of the code that refers to it.
pub const DATA: u32 = u32::MAX;

/// Size of a jump to a symbol out of reach: `jmp [rip]` and the address.
const VENEER_SIZE: u32 = 16;

/// Sizes of a code space, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeConfig {
    /// Addresses reserved for code.
    pub code_reserve: usize,
    /// Addresses reserved for data blocks. Together at most 1 GB, so that everything reaches everything.
    pub data_reserve: usize,
    /// Code and data that may be in use at the same time.
    pub budget: usize,
}

impl Default for CodeConfig {
    fn default() -> Self {
        CodeConfig { code_reserve: 256 << 20, data_reserve: 128 << 20, budget: 256 << 20 }
    }
}

/// What a code space holds and did, in bytes and counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CodeStats {
    /// Bytes of code in use, padding to granules included.
    pub code_bytes: usize,
    /// Bytes of data blocks in use.
    pub data_bytes: usize,
    /// The budget for both.
    pub budget: usize,
    /// Pieces of code published and not freed.
    pub objects: usize,
    /// Those of them that wait to be freed.
    pub retired: usize,
    /// Pieces of code ever published.
    pub published: u64,
    /// Pieces of code ever freed.
    pub freed: u64,
    /// Batches published; a piece of code published alone is one.
    pub batches: u64,
    /// Batches that went to memory which had held other code.
    pub reuses: u64,
    /// Publications refused, for whatever reason.
    pub refused: u64,
}

/// What [`CodeSpace::reclaim`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reclaimed {
    /// Pieces of code freed.
    pub freed: usize,
    /// Pieces of code that are still running.
    pub kept: usize,
    /// Bytes of code and data that can be used again.
    pub bytes: usize,
}

#[derive(Debug, Default)]
struct Slot {
    generation: u32,
    object: Option<Box<CodeObject>>,
}

/// Executable memory of one engine. See the [crate] for what it guarantees.
pub struct CodeSpace {
    region: Region,
    code: Ranges,
    data: Ranges,
    budget: usize,
    refuse: bool,
    slots: Vec<Slot>,
    vacant: Vec<u32>,
    /// Index of the object per offset in the code area.
    by_offset: BTreeMap<u32, u32>,
    retired: Vec<CodeRef>,
    symbols: Symbols,
    listeners: Vec<Box<dyn CodeListener>>,
    stats: CodeStats,
}

/// Images to be published together: as few passes through the kernel as their places allow.
#[derive(Debug, Default)]
pub struct Batch {
    images: Vec<CodeImage>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an image; its [`CodeRef`] is the one at the same place in what [`CodeSpace::publish_batch`] returns.
    pub fn push(&mut self, image: CodeImage) {
        self.images.push(image);
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.images.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.images.is_empty()
    }
}

const EMPTY: CodeError = CodeError::Invalid { reason: "an empty batch" };

/// What is known of a symbol.
#[derive(Clone, Copy)]
struct Known {
    address: u64,
    /// The address that near calls use: the symbol's own, if all code reaches it, or that of a jump to it; none before there is one.
    near: Option<u64>,
}

/// Symbols by number: small numbers, which are the engine's own, in an array.
#[derive(Default)]
struct Symbols {
    few: Vec<Option<Known>>,
    others: FxHashMap<u32, Known>,
}

impl Symbols {
    /// Numbers below this are looked up in the array.
    const FEW: usize = 4096;

    #[inline]
    fn get(&self, symbol: u32) -> Option<Known> {
        match self.few.get(symbol as usize) {
            Some(known) => *known,
            None => self.others.get(&symbol).copied(),
        }
    }

    fn set(&mut self, symbol: u32, known: Known) {
        if symbol as usize >= Self::FEW {
            self.others.insert(symbol, known);
            return;
        }
        if self.few.is_empty() {
            self.few.resize(Self::FEW, None);
        }
        self.few[symbol as usize] = Some(known);
    }
}

/// Where an image will come to lie.
#[derive(Clone, Copy)]
struct Place {
    code: (u32, u32),
    data: (u32, u32),
}

/// Making and publishing.
impl CodeSpace {
    /// Reserves addresses for code.
    ///
    /// # Errors
    ///
    /// The platform is not supported, or the system does not allow executable memory: the engine then runs without.
    pub fn new(config: CodeConfig) -> Result<CodeSpace, CodeError> {
        if !SUPPORTED {
            return Err(CodeError::Unsupported);
        }
        if config.code_reserve.saturating_add(config.data_reserve) > 1 << 30 {
            return Err(CodeError::Invalid { reason: "more than 1 GB cannot be reached by near calls" });
        }
        let region = Region::reserve(config.code_reserve, config.data_reserve)?;
        Ok(CodeSpace {
            code: Ranges::new(region.code_size() as u32),
            data: Ranges::new(region.data_size() as u32),
            region,
            budget: config.budget,
            refuse: false,
            slots: Vec::new(),
            vacant: Vec::new(),
            by_offset: BTreeMap::new(),
            retired: Vec::new(),
            symbols: Symbols::default(),
            listeners: Vec::new(),
            stats: CodeStats::default(),
        })
    }

    /// From now on, every publication is refused as if the budget were used up (or no longer): for tests of what an engine
    /// does then.
    pub fn refuse_all(&mut self, refuse: bool) {
        self.refuse = refuse;
    }

    /// Gives a symbol its address: relocations of code published later may name it. [`DATA`] cannot be defined.
    pub fn define_symbol(&mut self, symbol: u32, address: u64) {
        if self.symbols.get(symbol).is_none_or(|known| known.address != address) {
            // A jump to the old address serves the code that uses it already; new code gets a new one.
            let near = self.reaches(address).then_some(address);
            self.symbols.set(symbol, Known { address, near });
        }
    }

    /// Adds a profiler or debugger: it is told of all code published from now on.
    pub fn add_listener(&mut self, listener: Box<dyn CodeListener>) {
        self.listeners.push(listener);
    }

    /// Publishes bytes without data and tables.
    ///
    /// # Errors
    ///
    /// As for [`CodeSpace::publish_batch`].
    pub fn publish(&mut self, bytes: &[u8], relocations: &[Relocation]) -> Result<CodeRef, CodeError> {
        self.publish_image(CodeImage {
            code_len: bytes.len() as u32,
            code: bytes.to_vec(),
            relocations: relocations.to_vec(),
            ..CodeImage::new("code", CodeKind::Other, Default::default())
        })
    }

    /// Publishes one image.
    ///
    /// # Errors
    ///
    /// As for [`CodeSpace::publish_batch`].
    pub fn publish_image(&mut self, image: CodeImage) -> Result<CodeRef, CodeError> {
        self.publish_or_return(image).map_err(|refused| refused.0)
    }

    /// Publishes one image.
    ///
    /// # Errors
    ///
    /// As for [`CodeSpace::publish_batch`]; where the budget is used up, the image can be published again once there is room.
    pub fn publish_or_return(&mut self, image: CodeImage) -> Result<CodeRef, Box<(CodeError, CodeImage)>> {
        let mut images = vec![image];
        let result = self.publish_images(&mut images).and_then(|codes| codes.last().copied().ok_or(EMPTY));
        match (result, images.pop()) {
            (Err(error), Some(image)) => Err(Box::new((error, image))),
            (Err(error), None) => Err(Box::new((error, CodeImage::new("", CodeKind::Other, Default::default())))),
            (Ok(code), _) => Ok(code),
        }
    }

    /// Publishes all images of a batch, or none: they can run when this returns.
    ///
    /// # Errors
    ///
    /// Budget or addresses are used up, a relocation names an unknown symbol or does not reach, or the system refuses
    /// memory. Nothing has changed then.
    pub fn publish_batch(&mut self, mut batch: Batch) -> Result<Vec<CodeRef>, CodeError> {
        self.publish_images(&mut batch.images)
    }

    /// As [`CodeSpace::publish_batch`]; the images are taken if they are published.
    fn publish_images(&mut self, images: &mut Vec<CodeImage>) -> Result<Vec<CodeRef>, CodeError> {
        // Jumps to symbols out of reach, published once and never freed, come first in the batch.
        let far = self.far_symbols(images);
        if !far.is_empty() {
            images.splice(0..0, far.iter().map(|&(symbol, address)| veneer(symbol, address)));
        }
        let result = self.try_publish(images, &far);
        if result.is_err() {
            self.stats.refused += 1;
            images.drain(..far.len());
        }
        result
    }

    /// Publishes images, of which the first are jumps to the symbols `far`.
    fn try_publish(&mut self, images: &mut Vec<CodeImage>, far: &[(u32, u64)]) -> Result<Vec<CodeRef>, CodeError> {
        for image in &*images {
            check(image)?;
        }
        if images.is_empty() {
            return Ok(Vec::new());
        }
        let untouched = self.code.untouched();
        let places = self.place(images)?;
        for (&(symbol, address), place) in far.iter().zip(&places) {
            let near = Some(self.region.code_base() as u64 + u64::from(place.code.0));
            self.symbols.set(symbol, Known { address, near });
        }
        if let Err(error) = self.write(images, &places) {
            for &(symbol, address) in far {
                self.symbols.set(symbol, Known { address, near: None });
            }
            for place in &places {
                // What was written before the failure; not committed ranges need nothing.
                let _ = self.region.trap_code(place.code.0 as usize, place.code.1 as usize);
            }
            self.give_back(&places);
            return Err(error);
        }
        self.stats.batches += 1;
        if places.iter().any(|place| place.code.0 < untouched) {
            self.stats.reuses += 1;
            self.region.serialize();
        }
        let codes: Vec<CodeRef> =
            images.drain(..).zip(&places).map(|(image, place)| self.enter(image, *place)).collect();
        self.tell_added(&codes);
        Ok(codes[far.len()..].to_vec())
    }

    /// The symbols that near calls name and do not reach, and that have no jump yet.
    fn far_symbols(&self, images: &[CodeImage]) -> Vec<(u32, u64)> {
        let mut far: Vec<(u32, u64)> = Vec::new();
        for image in images {
            for reloc in &image.relocations {
                if let RelocTarget::Symbol(symbol) = reloc.target
                    && let Some(Known { address, near: None }) = self.symbols.get(symbol)
                    && is_branch(&image.code, reloc)
                    && !far.contains(&(symbol, address))
                {
                    far.push((symbol, address));
                }
            }
        }
        far
    }

    /// Whether an address is within reach of all code.
    fn reaches(&self, address: u64) -> bool {
        let start = self.region.code_base() as i64;
        let end = start + self.region.code_size() as i64;
        let address = address as i64;
        // A margin for addends.
        let within = |from: i64| address.wrapping_sub(from).unsigned_abs() < (1 << 31) - (1 << 16);
        within(start) && within(end)
    }

    /// Takes ranges for all images: next to each other where that is possible, so that they are written at once.
    fn place(&mut self, images: &[CodeImage]) -> Result<Vec<Place>, CodeError> {
        let size = |len: usize| round_up(len, GRANULE).ok_or(CodeError::Invalid { reason: "the code is too large" });
        let mut sizes = Vec::with_capacity(images.len());
        let mut total = 0;
        for image in images {
            let sized = (size(image.code.len())?, size(image.data.words.len() * 8)?);
            total += sized.0 as usize + sized.1 as usize;
            sizes.push(sized);
        }
        let used = self.code.used() as usize + self.data.used() as usize;
        let available = if self.refuse { 0 } else { self.budget.saturating_sub(used) };
        let exhausted = CodeError::Exhausted { requested: total, available };
        if total > available {
            return Err(exhausted);
        }
        let mut places: Vec<Place> = Vec::with_capacity(images.len());
        for (image, (code_len, data_len)) in images.iter().zip(sizes) {
            let code = self.code.alloc(code_len, image.align.max(GRANULE)).map(|start| (start, code_len));
            let data = match data_len {
                0 => Some((0, 0)),
                len => self.data.alloc(len, GRANULE).map(|start| (start, len)),
            };
            match (code, data) {
                (Some(code), Some(data)) => places.push(Place { code, data }),
                (code, data) => {
                    places.push(Place { code: code.unwrap_or_default(), data: data.unwrap_or_default() });
                    self.give_back(&places);
                    return Err(exhausted);
                }
            }
        }
        Ok(places)
    }

    fn give_back(&mut self, places: &[Place]) {
        for place in places {
            if place.code.1 > 0 {
                self.code.free(place.code.0, place.code.1);
            }
            if place.data.1 > 0 {
                self.data.free(place.data.0, place.data.1);
            }
        }
    }

    /// Links all images and copies them to their places.
    fn write(&mut self, images: &mut [CodeImage], places: &[Place]) -> Result<(), CodeError> {
        let base = self.region.code_base() as u64;
        for (image, place) in images.iter_mut().zip(places) {
            let data = self.region.data_base() as u64 + u64::from(place.data.0);
            let code = &mut image.code;
            for reloc in &mut image.relocations {
                if let RelocTarget::Symbol(symbol) = reloc.target
                    && let Some(Known { near: Some(near), .. }) = self.symbols.get(symbol)
                    && is_branch(code, reloc)
                {
                    reloc.target = RelocTarget::Address(near);
                }
            }
            link(code, base + u64::from(place.code.0), &image.relocations, |symbol| match symbol {
                DATA => Some(data),
                symbol => self.symbols.get(symbol).map(|known| known.address),
            })?;
        }
        // Nothing is written before everything is known to link.
        for place in places {
            self.region.commit_code((place.code.0 + place.code.1) as usize)?;
            self.region.commit_data((place.data.0 + place.data.1) as usize)?;
        }
        // Around code lie traps already: padding is not written, but for that between the pieces of one copy.
        let mut index = 0;
        if let ([image], [place]) = (&*images, places) {
            self.region.write_code(place.code.0 as usize, &image.code)?;
            index = 1;
        }
        while index < images.len() {
            let start = places[index].code.0;
            let mut run = Vec::new();
            // Ranges that follow each other, but for alignment, are one copy.
            while index < images.len() && places[index].code.0 == start + run.len() as u32 {
                run.extend_from_slice(&images[index].code);
                run.resize((places[index].code.0 + places[index].code.1 - start) as usize, 0xCC);
                index += 1;
            }
            self.region.write_code(start as usize, &run)?;
        }
        for (image, place) in images.iter().zip(places) {
            if place.data.1 > 0 {
                self.region.write_data(place.data.0 as usize, &image.data.words, place.data.1 as usize);
            }
        }
        Ok(())
    }

    /// Makes an object of what was written.
    fn enter(&mut self, image: CodeImage, place: Place) -> CodeRef {
        let mut tables = image.tables;
        tables.stack_maps.seal();
        let object = CodeObject {
            address: self.region.code_base() as usize + place.code.0 as usize,
            len: image.code.len() as u32,
            data: if place.data.1 > 0 { self.region.data_base() as usize + place.data.0 as usize } else { 8 },
            retired: false,
            code_range: place.code,
            data_range: place.data,
            image: ImageInfo {
                name: image.name,
                kind: image.kind,
                code_len: image.code_len,
                data_words: image.data.words.len() as u32,
                traced: image.data.traced,
                tables,
                unwind: image.unwind,
                source: image.source,
            },
        };
        let index = self.vacant.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() as u32 - 1
        });
        let slot = &mut self.slots[index as usize];
        slot.object = Some(Box::new(object));
        self.by_offset.insert(place.code.0, index);
        self.stats.published += 1;
        CodeRef { index, generation: slot.generation }
    }
}

/// Finding.
impl CodeSpace {
    /// The code of a handle; none once it was freed.
    #[inline]
    pub fn get(&self, code: CodeRef) -> Option<&CodeObject> {
        let slot = self.slots.get(code.index as usize)?;
        if slot.generation == code.generation { slot.object.as_deref() } else { None }
    }

    /// The code that an instruction's address lies in, and its offset there. Retired code is found until it is freed.
    #[inline]
    pub fn find(&self, address: usize) -> Option<(CodeRef, u32)> {
        let offset = u32::try_from(address.checked_sub(self.region.code_base() as usize)?).ok()?;
        let (&start, &index) = self.by_offset.range(..=offset).next_back()?;
        let slot = &self.slots[index as usize];
        let code = CodeRef { index, generation: slot.generation };
        slot.object.as_ref()?.contains(address).then_some((code, offset - start))
    }

    /// The code that a return address belongs to, and its offset there: which may be the code's very end, where a call was
    /// the last instruction.
    #[inline]
    pub fn find_return(&self, address: usize) -> Option<(CodeRef, u32)> {
        self.find(address.checked_sub(1)?).map(|(code, offset)| (code, offset + 1))
    }

    /// The bytes of published code.
    pub fn bytes(&self, code: CodeRef) -> Option<&[u8]> {
        let object = self.get(code)?;
        Some(self.region.code(object.code_range.0 as usize, object.len as usize))
    }

    /// All code that is not freed, retired code included, by address.
    pub fn objects(&self) -> impl Iterator<Item = (CodeRef, &CodeObject)> {
        self.by_offset.values().filter_map(|&index| {
            let slot = &self.slots[index as usize];
            let code = CodeRef { index, generation: slot.generation };
            Some((code, slot.object.as_deref()?))
        })
    }

    /// The range of addresses that code can have: what is outside is not code of this space.
    pub fn code_range(&self) -> std::ops::Range<usize> {
        let base = self.region.code_base() as usize;
        base..base + self.region.code_size()
    }

    /// The range of addresses that data blocks can have.
    pub fn data_range(&self) -> std::ops::Range<usize> {
        let base = self.region.data_base() as usize;
        base..base + self.region.data_size()
    }

    /// What the space holds and did.
    pub fn stats(&self) -> CodeStats {
        CodeStats {
            code_bytes: self.code.used() as usize,
            data_bytes: self.data.used() as usize,
            budget: self.budget,
            objects: self.by_offset.len(),
            retired: self.retired.len(),
            ..self.stats
        }
    }
}

/// Freeing.
impl CodeSpace {
    /// Marks code as not to be entered any more. It stays where it is, and is found by address, until
    /// [`CodeSpace::reclaim`] learns that no frame runs it. False if it was retired or freed before.
    pub fn retire(&mut self, code: CodeRef) -> bool {
        let slot = self.slots.get_mut(code.index as usize).filter(|slot| slot.generation == code.generation);
        let Some(object) = slot.and_then(|slot| slot.object.as_mut()) else { return false };
        if object.retired {
            return false;
        }
        object.retired = true;
        self.retired.push(code);
        true
    }

    /// Frees the retired code that `is_live` denies. The caller vouches that the rest of the retired code is on no
    /// stack, in no cell and in no compile job, and will not be entered again.
    pub fn reclaim(&mut self, mut is_live: impl FnMut(CodeRef, &CodeObject) -> bool) -> Reclaimed {
        let mut done = Reclaimed::default();
        for code in std::mem::take(&mut self.retired) {
            let live = self.get(code).is_some_and(|object| is_live(code, object));
            // Code that cannot be overwritten with traps now is kept for the next time.
            match if live { None } else { self.free(code) } {
                Some(bytes) => {
                    done.freed += 1;
                    done.bytes += bytes;
                }
                None => {
                    done.kept += 1;
                    self.retired.push(code);
                }
            }
        }
        done
    }

    fn free(&mut self, code: CodeRef) -> Option<usize> {
        let (code_range, data_range) = self.get(code).map(|object| (object.code_range, object.data_range))?;
        self.region.trap_code(code_range.0 as usize, code_range.1 as usize).ok()?;
        let slot = &mut self.slots[code.index as usize];
        let object = slot.object.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.vacant.push(code.index);
        self.by_offset.remove(&code_range.0);
        self.give_back(&[Place { code: code_range, data: data_range }]);
        for listener in &mut self.listeners {
            listener.removed(code, &object);
        }
        self.stats.freed += 1;
        Some(code_range.1 as usize + data_range.1 as usize)
    }

    fn tell_added(&mut self, codes: &[CodeRef]) {
        let mut listeners = std::mem::take(&mut self.listeners);
        for &code in codes {
            if let (Some(object), Some(bytes)) = (self.get(code), self.bytes(code)) {
                for listener in &mut listeners {
                    listener.added(code, object, bytes);
                }
            }
        }
        self.listeners = listeners;
    }
}

impl std::fmt::Debug for CodeSpace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodeSpace").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// Whether a relocation is the target of a near call or jump, which may go through a veneer.
fn is_branch(code: &[u8], reloc: &Relocation) -> bool {
    let opcode = (reloc.offset as usize).checked_sub(1).and_then(|at| code.get(at));
    reloc.kind == RelocKind::Rel32 && reloc.addend == -4 && matches!(opcode, Some(0xE8 | 0xE9))
}

/// A jump to an address out of reach.
fn veneer(symbol: u32, address: u64) -> CodeImage {
    let mut code = vec![0xFF, 0x25, 2, 0, 0, 0, 0xCC, 0xCC];
    code.extend_from_slice(&address.to_le_bytes());
    debug_assert_eq!(code.len(), VENEER_SIZE as usize);
    CodeImage {
        code_len: 6,
        code,
        align: VENEER_SIZE,
        ..CodeImage::new(format!("to symbol {symbol}"), CodeKind::Runtime, Default::default())
    }
}

/// What an image must satisfy by itself.
fn check(image: &CodeImage) -> Result<(), CodeError> {
    let len = image.code.len();
    let fault = if len == 0 || len > 1 << 30 {
        Err("no code, or more than 1 GB")
    } else if image.code_len as usize > len {
        Err("more instructions than bytes")
    } else if !(image.align.is_power_of_two() || image.align == 0) || image.align > 4096 {
        Err("an alignment is a power of two up to 4096")
    } else if image.data.traced as usize > image.data.words.len() || image.data.words.len() > 1 << 24 {
        Err("the data block is too large, or has fewer words than are traced")
    } else {
        image.tables.check(len as u32)
    };
    fault.map_err(|reason| CodeError::Invalid { reason })
}

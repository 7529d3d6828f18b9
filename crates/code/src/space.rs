//! The code space: publishing, finding, retiring and freeing code, and what it costs.

use rustc_hash::FxHashMap;
use tercel_asm::reloc::link_one;
use tercel_asm::{AsmError, RelocKind, RelocTarget, Relocation};

use crate::batch::{Batch, Piece};
use crate::listen::CodeListener;
use crate::object::{CodeImage, CodeKind, CodeObject, CodeRef};
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
    object: Option<CodeObject>,
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
    /// Offset in the code area and index of each object, sorted: mostly, what is new comes last.
    by_offset: Vec<(u32, u32)>,
    retired: Vec<CodeRef>,
    symbols: Symbols,
    listeners: Vec<Box<dyn CodeListener>>,
    stats: CodeStats,
}

/// What is known of a symbol.
#[derive(Clone, Copy)]
struct Known {
    address: u64,
    /// The address that near calls use: the symbol's own, if all code reaches it, or that of a jump to it; none before there is one.
    near: Option<u64>,
}

/// Symbols by number: small numbers, which are the engine's own, in arrays.
#[derive(Default)]
struct Symbols {
    few: Vec<Option<Known>>,
    /// What near calls of them use; 0: see there.
    near: Vec<u64>,
    others: FxHashMap<u32, Known>,
}

impl Symbols {
    /// Numbers below this are looked up in the array.
    const FEW: usize = 4096;

    /// The address that near calls use, if it is known already and the symbol is one of few.
    #[inline]
    fn near_of_few(&self, symbol: u32) -> Option<u64> {
        self.near.get(symbol as usize).copied().filter(|&near| near != 0)
    }

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
            self.near.resize(Self::FEW, 0);
        }
        self.few[symbol as usize] = Some(known);
        self.near[symbol as usize] = known.near.unwrap_or(0);
    }
}

/// Where a piece will come to lie.
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
            by_offset: Vec::new(),
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
        let mut batch = Batch::new();
        batch.push(image);
        let codes = self.publish_batch(&mut batch)?;
        codes.first().copied().ok_or(CodeError::Invalid { reason: "an empty batch" })
    }

    /// Publishes all pieces of a batch, or none: they can run when this returns. Then the batch is empty.
    ///
    /// # Errors
    ///
    /// Budget or addresses are used up, a relocation names an unknown symbol or does not reach, or the system refuses
    /// memory. The batch can be published again then, once there is room. Jumps to symbols out of reach may have been published for it, which are
    /// of use to others.
    pub fn publish_batch(&mut self, batch: &mut Batch) -> Result<Vec<CodeRef>, CodeError> {
        let result = match self.try_publish(batch) {
            // Some call does not reach yet: seldom, since the jump that it needs will serve all that come.
            Ok(None) => self.bring_near(batch).and_then(|()| self.try_publish(batch)),
            result => result,
        };
        let result = result.and_then(|codes| codes.ok_or(CodeError::Invalid { reason: "a call that does not reach" }));
        match &result {
            Ok(_) => batch.clear(),
            Err(_) => self.stats.refused += 1,
        }
        result
    }

    /// As [`CodeSpace::publish_batch`]; none if a near call needs a jump that there is not yet.
    fn try_publish(&mut self, batch: &mut Batch) -> Result<Option<Vec<CodeRef>>, CodeError> {
        batch.check()?;
        if batch.is_empty() {
            return Ok(Some(Vec::new()));
        }
        // Where a core may still have other instructions: nowhere until code is freed. Gaps and refused places never held any.
        let stale = if self.stats.freed == 0 { 0 } else { self.code.untouched() };
        let places = self.place(batch)?;
        match self.write(batch, &places) {
            Ok(true) => {}
            Ok(false) => {
                self.give_back(&places);
                return Ok(None);
            }
            Err(error) => {
                for place in &places {
                    // What was written before the failure.
                    let _ = self.region.trap_code(place.code.0 as usize, place.code.1 as usize);
                }
                self.give_back(&places);
                return Err(error);
            }
        }
        self.stats.batches += 1;
        if places.iter().any(|place| place.code.0 < stale) {
            self.stats.reuses += 1;
            self.region.serialize();
        }
        let codes: Vec<CodeRef> =
            batch.pieces.drain(..).zip(&places).map(|(piece, place)| self.enter(piece, *place)).collect();
        if !self.listeners.is_empty() {
            self.tell_added(&codes);
        }
        Ok(Some(codes))
    }

    /// Publishes jumps to the symbols that near calls of the batch name and do not reach, and that have no jump yet. They are never freed.
    fn bring_near(&mut self, batch: &Batch) -> Result<(), CodeError> {
        let mut far: Vec<(u32, u64)> = Vec::new();
        let own: Vec<u32> = batch.pieces.iter().filter_map(|piece| piece.symbol).collect();
        for call in &batch.calls {
            if let Some(Known { address, near: None }) = self.symbols.get(call.symbol)
                && !far.contains(&(call.symbol, address))
                && !own.contains(&call.symbol)
            {
                far.push((call.symbol, address));
            }
        }
        let mut first = 0;
        for piece in &batch.pieces {
            let code = &batch.bytes[piece.start..piece.start + piece.len];
            for reloc in &batch.relocations[first..piece.relocations_end] {
                if let RelocTarget::Symbol(symbol) = reloc.target
                    && let Some(Known { address, near: None }) = self.symbols.get(symbol)
                    && is_branch(code, reloc)
                    && !far.contains(&(symbol, address))
                    && !own.contains(&symbol)
                {
                    far.push((symbol, address));
                }
            }
            first = piece.relocations_end;
        }
        if far.is_empty() {
            return Ok(());
        }
        let mut veneers = Batch::new();
        far.iter().for_each(|&(symbol, address)| veneers.push(veneer(symbol, address)));
        let codes = self.try_publish(&mut veneers)?.unwrap_or_default();
        for ((symbol, address), code) in far.into_iter().zip(codes) {
            let near = self.get(code).map(|object| object.entry() as u64);
            self.symbols.set(symbol, Known { address, near });
        }
        Ok(())
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

    /// Takes ranges for all pieces: next to each other where that is possible, so that they are written at once.
    fn place(&mut self, batch: &Batch) -> Result<Vec<Place>, CodeError> {
        let size = |len: usize| round_up(len, GRANULE).ok_or(CodeError::Invalid { reason: "the code is too large" });
        let code_total = size(batch.bytes.len())?;
        let mut total = code_total as usize;
        for piece in &batch.pieces {
            total += size(piece.data.words.len() * 8)? as usize;
        }
        let used = self.code.used() as usize + self.data.used() as usize;
        let available = if self.refuse { 0 } else { self.budget.saturating_sub(used) };
        let exhausted = CodeError::Exhausted { requested: total, available };
        if total > available {
            return Err(exhausted);
        }
        let together = batch.pieces.iter().all(|piece| piece.align <= GRANULE);
        let all = if together { self.code.alloc(code_total, GRANULE) } else { None };
        let mut places: Vec<Place> = Vec::with_capacity(batch.pieces.len());
        for piece in &batch.pieces {
            let (code_len, data_len) = (size(piece.len)?, size(piece.data.words.len() * 8)?);
            let code = match all {
                Some(start) => Some(start + piece.start as u32),
                None => self.code.alloc(code_len, piece.align.max(GRANULE)),
            };
            let data = match data_len {
                0 => Some(0),
                len => self.data.alloc(len, GRANULE),
            };
            let taken = |start: Option<u32>, len: u32| start.map_or((0, 0), |start| (start, len));
            places.push(Place { code: taken(code, code_len), data: taken(data, data_len) });
            if code.is_none() || data.is_none() {
                if let Some(start) = all {
                    // Of what was taken at once, the rest that has no place yet.
                    let end = piece.start as u32 + code_len;
                    if end < code_total {
                        self.code.free(start + end, code_total - end);
                    }
                }
                self.give_back(&places);
                return Err(exhausted);
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

    /// Links all pieces and copies them to their places. False, and nothing is written: a near call needs a jump that there is not yet.
    fn write(&mut self, batch: &mut Batch, places: &[Place]) -> Result<bool, CodeError> {
        let base = self.region.code_base() as u64;
        let address_of = |place: &Place| base + u64::from(place.code.0);
        let defined: FxHashMap<u32, u64> = batch
            .pieces
            .iter()
            .zip(places)
            .filter_map(|(piece, place)| Some((piece.symbol?, address_of(place))))
            .collect();
        let (mut first, mut first_call) = (0, 0);
        for (piece, place) in batch.pieces.iter().zip(places) {
            let data = self.region.data_base() as u64 + u64::from(place.data.0);
            let code = &mut batch.bytes[piece.start..piece.start + piece.len];
            let relocations = &mut batch.relocations[first..piece.relocations_end];
            first = piece.relocations_end;
            let own = address_of(place);
            for call in &batch.calls[first_call..piece.calls_end] {
                let (symbol, offset) = (call.symbol, call.offset);
                let near = match self.symbols.near_of_few(symbol) {
                    Some(near) if defined.is_empty() => near,
                    _ if defined.contains_key(&symbol) => defined[&symbol],
                    _ => match self.symbols.get(symbol) {
                        Some(Known { near: Some(near), .. }) => near,
                        Some(Known { near: None, .. }) => return Ok(false),
                        None => return Err(AsmError::UnknownSymbol { symbol }.into()),
                    },
                };
                let distance = near.wrapping_sub(own + u64::from(offset) + 4) as i64;
                if distance != i64::from(distance as i32) {
                    return Err(AsmError::RelocationRange { offset }.into());
                }
                match code.get_mut(offset as usize..offset as usize + 4) {
                    Some(field) => field.copy_from_slice(&(distance as i32).to_le_bytes()),
                    None => return Err(AsmError::RelocationOffset { offset }.into()),
                }
            }
            first_call = piece.calls_end;
            for reloc in relocations {
                let address = match reloc.target {
                    RelocTarget::Symbol(DATA) => data,
                    RelocTarget::Symbol(symbol) => {
                        if !defined.is_empty()
                            && let Some(&address) = defined.get(&symbol)
                        {
                            link_one(code, own, reloc, address)?;
                            continue;
                        }
                        let known = self.symbols.get(symbol).ok_or(AsmError::UnknownSymbol { symbol })?;
                        match known.near {
                            Some(near) if near == known.address || is_branch(code, reloc) => near,
                            None if is_branch(code, reloc) => return Ok(false),
                            _ => known.address,
                        }
                    }
                    RelocTarget::Address(address) => address,
                    RelocTarget::Local(offset) => own + u64::from(offset),
                };
                link_one(code, own, reloc, address)?;
            }
        }
        // Nothing is written before everything is known to link.
        for place in places {
            self.region.commit_data((place.data.0 + place.data.1) as usize)?;
        }
        // Around code lie traps already. Pieces that follow each other in the batch and in memory are one copy.
        let mut index = 0;
        while let Some(piece) = batch.pieces.get(index) {
            let (start, at) = (piece.start, places[index].code.0);
            let mut end = start;
            while let Some(piece) = batch.pieces.get(index)
                && places[index].code.0 as usize == at as usize + (piece.start - start)
            {
                end = piece.start + places[index].code.1 as usize;
                index += 1;
            }
            self.region.write_code(at as usize, &batch.bytes[start..end])?;
        }
        for (symbol, address) in defined {
            self.define_symbol(symbol, address);
        }
        for (piece, place) in batch.pieces.iter().zip(places) {
            if place.data.1 > 0 {
                self.region.write_data(place.data.0 as usize, &piece.data.words, place.data.1 as usize);
            }
        }
        Ok(true)
    }

    /// Makes an object of what was written.
    fn enter(&mut self, piece: Piece, place: Place) -> CodeRef {
        let mut info = piece.info;
        if let Some(tables) = &mut info.tables {
            tables.stack_maps.seal();
        }
        let object = CodeObject {
            address: self.region.code_base() as usize + place.code.0 as usize,
            len: piece.len as u32,
            code_len: piece.code_len as u32,
            data_words: piece.data.words.len() as u32,
            traced: piece.data.traced,
            data: if place.data.1 > 0 { self.region.data_base() as usize + place.data.0 as usize } else { 8 },
            retired: false,
            code_range: place.code,
            data_range: place.data,
            info,
        };
        let index = self.vacant.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() as u32 - 1
        });
        let slot = &mut self.slots[index as usize];
        slot.object = Some(object);
        let offset = place.code.0;
        let at = match self.by_offset.last() {
            Some(last) if last.0 > offset => self.by_offset.partition_point(|row| row.0 < offset),
            _ => self.by_offset.len(),
        };
        self.by_offset.insert(at, (offset, index));
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
        if slot.generation == code.generation { slot.object.as_ref() } else { None }
    }

    /// The code that an instruction's address lies in, and its offset there. Retired code is found until it is freed.
    #[inline]
    pub fn find(&self, address: usize) -> Option<(CodeRef, u32)> {
        let offset = u32::try_from(address.checked_sub(self.region.code_base() as usize)?).ok()?;
        let behind = self.by_offset.partition_point(|row| row.0 <= offset);
        let (start, index) = self.by_offset[behind.checked_sub(1)?];
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
        self.by_offset.iter().filter_map(|&(_, index)| {
            let slot = &self.slots[index as usize];
            let code = CodeRef { index, generation: slot.generation };
            Some((code, slot.object.as_ref()?))
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
        if let Ok(at) = self.by_offset.binary_search_by_key(&code_range.0, |row| row.0) {
            self.by_offset.remove(at);
        }
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

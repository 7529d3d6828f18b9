//! The memory of the reference interpreter: a few byte arrays at addresses that the caller chooses.

use crate::imm::TrapCode;

/// A byte array with an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Address of its first byte.
    pub base: u64,
    /// Its contents.
    pub bytes: Vec<u8>,
}

/// All memory that a program can reach. An access must lie in one region as a whole, else it traps `fault`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    regions: Vec<Region>,
}

impl Memory {
    /// No memory at all.
    pub fn new() -> Memory {
        Memory::default()
    }

    /// Adds a region. Regions must not overlap; the first one that covers an address wins.
    pub fn map(&mut self, base: u64, bytes: Vec<u8>) {
        self.regions.push(Region { base, bytes });
    }

    /// All regions in the order in which they were added.
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// All regions, to be changed.
    pub fn regions_mut(&mut self) -> &mut [Region] {
        &mut self.regions
    }

    fn find(&self, address: u64, len: usize) -> Result<(usize, usize), TrapCode> {
        for (index, region) in self.regions.iter().enumerate() {
            let offset = address.wrapping_sub(region.base);
            if offset < region.bytes.len() as u64 && len as u64 <= region.bytes.len() as u64 - offset {
                return Ok((index, offset as usize));
            }
        }
        Err(TrapCode::MemoryFault)
    }

    /// Reads `len` bytes (at most 64) into words, little-endian.
    ///
    /// # Errors
    /// `fault` if they are not all in one region.
    pub fn read(&self, address: u64, len: usize, words: &mut [u64]) -> Result<(), TrapCode> {
        let (region, offset) = self.find(address, len)?;
        let bytes = &self.regions[region].bytes[offset..offset + len];
        for (word, chunk) in words.iter_mut().zip(bytes.chunks(8)) {
            let mut buffer = [0; 8];
            buffer[..chunk.len()].copy_from_slice(chunk);
            *word = u64::from_le_bytes(buffer);
        }
        Ok(())
    }

    /// Writes `len` bytes (at most 64) from words, little-endian.
    ///
    /// # Errors
    /// `fault` if they are not all in one region; nothing is written then.
    pub fn write(&mut self, address: u64, len: usize, words: &[u64]) -> Result<(), TrapCode> {
        let (region, offset) = self.find(address, len)?;
        let bytes = &mut self.regions[region].bytes[offset..offset + len];
        for (word, chunk) in words.iter().zip(bytes.chunks_mut(8)) {
            let size = chunk.len();
            chunk.copy_from_slice(&word.to_le_bytes()[..size]);
        }
        Ok(())
    }
}

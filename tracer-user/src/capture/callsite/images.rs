//! All files with code that tracked processes run, each kept once.

use std::collections::HashMap;

use super::image::Image;
use super::pclntab::PcTable;
use crate::capture::mappings::Mapping;
use crate::row::{Frame, Pid};

/// Most images that are kept. One costs its symbol table (16 bytes a function) and some hundred bytes.
const MOST: usize = 256;
/// Most images whose debug information is open at once.
const MOST_LINES: usize = 4;

/// Names an image for as long as this session lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageId(u32);

/// The images that are kept.
#[derive(Default)]
pub struct Images {
    /// By device and inode; `None`: tried, and no image.
    by_file: HashMap<(u64, u64), Option<ImageId>>,
    open: HashMap<ImageId, Image>,
    /// Images whose debug information is open, the one used last at the end.
    lines: Vec<ImageId>,
    next: u32,
}

impl Images {
    /// The image a mapping shows, opened if it is new.
    pub fn get(&mut self, pid: Pid, mapping: &Mapping) -> Option<(ImageId, &Image)> {
        if mapping.inode == 0 {
            return None;
        }
        let file = (mapping.device, mapping.inode);
        let id = match self.by_file.get(&file) {
            Some(id) => (*id)?,
            None if self.open.len() >= MOST => return None,
            None => {
                let image = Image::of_mapping(pid, mapping);
                self.next += 1;
                let id = image.is_some().then_some(ImageId(self.next));
                self.by_file.insert(file, id);
                self.open.insert(id?, image?);
                id?
            }
        };
        Some((id, self.open.get(&id)?))
    }

    /// The functions at an address of an image, innermost first; empty for an image that is no longer kept.
    pub fn frames(&mut self, id: ImageId, address: u64) -> Vec<Frame> {
        let Some(image) = self.open.get_mut(&id) else {
            return Vec::new();
        };
        let frames = image.frames(address);
        if image.has_lines() {
            self.lines.retain(|other| *other != id);
            self.lines.push(id);
        }
        if self.lines.len() > MOST_LINES {
            let oldest = self.lines.remove(0);
            if let Some(image) = self.open.get_mut(&oldest) {
                image.drop_lines();
            }
        }
        frames
    }

    /// Address of a variable, as stated in the image.
    #[must_use]
    pub fn variable(&self, id: ImageId, name: &str) -> Option<u64> {
        self.open.get(&id)?.variable(name)
    }

    /// Variables whose names begin with `prefix`: the rest of the name, and the address as stated in the image.
    #[must_use]
    pub fn variables(&self, id: ImageId, prefix: &str) -> HashMap<String, u64> {
        let image = self.open.get(&id);
        image.map_or_else(HashMap::new, |image| image.variables(prefix))
    }

    /// Go's table of functions in an image; `None`: it is no Go program, or of a version that is not known.
    pub fn go_table(&mut self, id: ImageId) -> Option<&PcTable> {
        self.open.get_mut(&id)?.go_table()
    }

    /// Keeps only images that `wanted` names, and forgets which files were none.
    pub fn retain(&mut self, wanted: impl Fn(ImageId) -> bool) {
        self.open.retain(|id, _| wanted(*id));
        self.lines.retain(|id| wanted(*id));
        self.by_file.retain(|_, id| id.is_some_and(&wanted));
    }

    /// Whether no further image is taken in.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.open.len() >= MOST
    }
}

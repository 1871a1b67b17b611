//! Whole paths for files whose fd was closed before anybody looked: only the last part of their path is known.
//!
//! Tried in this order: the one path under which a file of that name was met before (a temporary file that is written again
//! and again is a new file each time); the process's own folder and the folders of other files met, where a file of that name
//! with the same device and inode still is. Two paths met for one name, or none: the name stays as it is.

use std::collections::{HashMap, VecDeque};

use super::look::Look;
use crate::row::{FileKind, Pid, Resource};

/// Folders that are remembered, the latest met first.
const FOLDERS: usize = 32;
/// Names that are remembered.
const NAMES: usize = 4096;
/// Files that may be looked for in the folders in one window: each costs some 50 us.
const SEARCHES: u32 = 2000;

/// Folders and names met.
#[derive(Debug, Default)]
pub(super) struct Paths {
    folders: VecDeque<String>,
    /// By device and name; `None`: met under several paths.
    by_name: HashMap<(u64, String), Option<String>>,
    searches: u32,
}

impl Paths {
    /// Remembers the path of a file.
    pub(super) fn learn(&mut self, row: &Resource) {
        if !row.path.starts_with('/')
            || !matches!(row.file, FileKind::Regular | FileKind::Directory)
        {
            return;
        }
        let Some((folder, name)) = row.path.rsplit_once('/') else {
            return;
        };
        let folder = if row.file == FileKind::Directory {
            row.path.as_str()
        } else {
            folder
        };
        if self.folders.front().is_none_or(|first| first != folder) {
            self.folders.retain(|other| other != folder);
            self.folders.push_front(folder.to_owned());
            self.folders.truncate(FOLDERS);
        }
        if self.by_name.len() >= NAMES {
            self.by_name.clear();
        }
        let known = self
            .by_name
            .entry((row.device, name.to_owned()))
            .or_insert_with(|| Some(row.path.clone()));
        if known.as_ref().is_some_and(|path| *path != row.path) {
            *known = None;
        }
    }

    /// The whole path of the file of this row, whose path is a name so far.
    pub(super) fn find(
        &mut self,
        row: &Resource,
        user: Pid,
        look: &mut dyn Look,
    ) -> Option<String> {
        if row.path.is_empty()
            || row.path.contains('/')
            || !matches!(row.file, FileKind::Regular | FileKind::Directory)
        {
            return None;
        }
        if let Some(Some(path)) = self.by_name.get(&(row.device, row.path.clone())) {
            return Some(path.clone());
        }
        if self.searches >= SEARCHES {
            return None;
        }
        self.searches += 1;
        let own = look.working_folder(user);
        own.into_iter()
            .chain(self.folders.iter().cloned())
            .find_map(|folder| {
                let path = format!("{}/{}", folder.trim_end_matches('/'), row.path);
                (look.at(user, &path) == Some((row.device, row.inode))).then_some(path)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::Paths;
    use crate::capture::resources::tests::Fake;
    use crate::row::{FileKind, Pid, Resource};

    fn row(inode: u64, path: &str) -> Resource {
        Resource {
            device: 5,
            inode,
            path: path.to_owned(),
            file: FileKind::Regular,
            ..Resource::default()
        }
    }

    #[test]
    fn by_the_one_path_of_the_name_or_by_what_lies_there() {
        let mut look = Fake::default();
        look.files.insert("/data/lock".to_owned(), (5, 7));
        look.files.insert("/home/worker/here".to_owned(), (5, 8));
        look.files.insert("/data/other".to_owned(), (5, 99));
        let mut paths = Paths::default();
        paths.learn(&row(1, "/data/state.tmp"));
        let mut find = |inode, name: &str| paths.find(&row(inode, name), Pid(1), &mut look);
        assert_eq!(
            find(2, "state.tmp").as_deref(),
            Some("/data/state.tmp"),
            "the next file of that name"
        );
        assert_eq!(find(7, "lock").as_deref(), Some("/data/lock"));
        assert_eq!(
            find(8, "here").as_deref(),
            Some("/home/worker/here"),
            "in the process's own folder"
        );
        assert_eq!(find(9, "other"), None, "another file has that name there");
        assert_eq!(find(9, ""), None);
        paths.learn(&row(3, "/backup/state.tmp"));
        assert_eq!(
            paths.find(&row(4, "state.tmp"), Pid(1), &mut look),
            None,
            "two paths have that name"
        );
    }
}

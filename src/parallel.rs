//! Work on files, shared among the machine's processors.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What `work` makes of each item, in order. Whoever is free takes the next: files differ in size.
/// After an error no new item is begun.
pub(crate) fn parallel<T: Sync, R: Send, E: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let work_off = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else {
                return Ok(done);
            };
            match work(item) {
                Ok(made) => done.push((index, made)),
                Err(error) => {
                    next.store(items.len(), Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
    };
    let mut all = thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(work_off)).collect();
        let mut all = Vec::with_capacity(items.len());
        for worker in running {
            let done = worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            all.extend(done);
        }
        Ok(all)
    })?;
    all.sort_by_key(|(index, _)| *index);
    Ok(all.into_iter().map(|(_, made)| made).collect())
}

#[cfg(test)]
mod tests {
    use super::parallel;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let numbers: Vec<u32> = (0..1000).collect();
        let doubled = parallel(&numbers, |number| Ok::<_, ()>(number * 2)).unwrap();
        assert!(
            doubled
                .iter()
                .zip(&numbers)
                .all(|(two, one)| *two == one * 2)
        );
        assert_eq!(parallel(&[] as &[u8], |_| Ok::<_, ()>(1)), Ok(vec![]));
    }

    #[test]
    fn an_error_ends_it() {
        let numbers: Vec<u32> = (0..1000).collect();
        let failed = parallel(&numbers, |number| match number {
            99 => Err("99"),
            _ => Ok(()),
        });
        assert_eq!(failed, Err("99"));
    }
}

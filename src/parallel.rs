//! Work on files, shared among the machine's processors.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// The results of `work` for each item, in order. A free worker takes the next item, because files differ in size.
/// After an error no worker begins another item.
pub(crate) fn parallel<T: Sync, R: Send + Sync, E: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let slots: Vec<OnceLock<R>> = items.iter().map(|_| OnceLock::new()).collect();
    let work_off = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else {
                return Ok(());
            };
            match work(item) {
                // Each slot is set once: no two workers get the same index.
                Ok(result) => drop(slots[index].set(result)),
                Err(error) => {
                    next.store(items.len(), Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(work_off)).collect();
        running.into_iter().try_for_each(|worker| {
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })?;
    // Without an error every slot is set.
    Ok(slots.into_iter().filter_map(OnceLock::into_inner).collect())
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

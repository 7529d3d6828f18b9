//! Ways: what a site has learnt of where its property is, in the form that is written into code.

use tercel_vm::context::Context;
use tercel_vm::feedback::{Form, Loc, NO_SHAPE, Site, SiteState};
use tercel_vm::ic::IcStub;
use tercel_vm::ic::ops::{IcOp, instructions};
use tercel_vm::{Gc, Kind, Value};

/// Most ways that are written into the code of one site.
pub(super) const MAX_WAYS: usize = 4;
/// Most prototypes that a way goes up.
pub(super) const MAX_HOPS: usize = 3;

/// How a site's property is found from an object of one shape: up so many prototypes, whose shapes are compared, to a slot.
///
/// Where a property is in objects of a shape never changes, and so does their prototype. So shapes compared one by one say all that a cache could
/// say; and where one differs, somebody has changed the structure of an object, whatever the prototype epoch is.
#[derive(Clone, Copy)]
pub(super) struct Way {
    pub(super) shape: u32,
    /// The shapes of the prototypes up to the holder.
    chain: [u32; MAX_HOPS],
    pub(super) hops: usize,
    /// The own location in the holder.
    pub(super) loc: Loc,
    /// What is there is an accessor pair.
    pub(super) accessor: bool,
}

/// The ways of a site.
pub(super) struct Ways {
    ways: [Option<Way>; MAX_WAYS],
    pub(super) count: usize,
}
/// Where a stub that calls a getter or setter finds the accessor pair: the own location in the holder; the holder, if that is not the receiver; the
/// prototype epoch of the finding. `None`: the stub does something else.
pub(super) fn accessor_of(stub: Gc<IcStub>) -> Option<(Loc, Option<Value>, u32)> {
    let datum = |index: u8| Value::from_bits(stub.data()[index as usize].get());
    let word = |index: u8| datum(index).as_int32() as u32;
    let (mut loc, mut holder, mut epoch) = (None, None, 0);
    for (op, operands) in instructions(stub.program()) {
        match (op, operands) {
            (IcOp::GuardObject | IcOp::GuardShape, _) => {}
            (IcOp::GuardPrototypes, &[at]) => epoch = word(at),
            (IcOp::UseCell, &[_, cell]) => holder = Some(datum(cell)),
            (IcOp::ReadInlineSlot, &[_, _, offset]) => loc = Some(Loc::new(Form::OwnInline, word(offset))),
            (IcOp::ReadOutOfLineSlot, &[_, _, offset]) => loc = Some(Loc::new(Form::OwnOutOfLine, word(offset))),
            (IcOp::CallGetter | IcOp::CallSetter, _) => return Some((loc?, holder, epoch)),
            _ => return None,
        }
    }
    None
}

impl Ways {
    /// The ways that the site knows and code can go; none if it is megamorphic, or hits are to be counted.
    pub(super) fn of(cx: &Context, site: &Site) -> Ways {
        let mut ways = Ways { ways: [const { None }; MAX_WAYS], count: 0 };
        if site.state.get() == SiteState::Megamorphic || cx.options.count_ic_hits {
            return ways;
        }
        let mut next = site.stubs.get().as_kind::<IcStub>(Kind::IcStub);
        while let Some(stub) = next {
            next = stub.next_stub();
            if let Some(place) = ways.ways.get_mut(ways.count)
                && let Some(way) = Way::of(cx, stub)
            {
                *place = Some(way);
                ways.count += 1;
            }
        }
        ways
    }

    pub(super) fn first(&self) -> Option<&Way> {
        self.ways[0].as_ref()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Way> {
        self.ways.iter().flatten()
    }
}

impl Way {
    pub(super) fn holders(&self) -> &[u32] {
        &self.chain[..self.hops]
    }

    pub(super) fn is_out_of_line(&self) -> bool {
        self.loc.form() == Form::OwnOutOfLine
    }

    /// The only way that the site knows, if there is one and it is a comparison of shapes with a load or store; the error: more is known.
    pub(super) fn only(cx: &Context, site: &Site) -> Result<Option<Way>, ()> {
        if site.state.get() == SiteState::Megamorphic {
            return Err(());
        }
        if cx.options.count_ic_hits {
            return Ok(None);
        }
        if site.state.get() == SiteState::Monomorphic
            && let Some(way) = Way::of_form(cx, site)
        {
            return Ok(Some(way));
        }
        let Some(stub) = site.stubs.get().as_kind::<IcStub>(Kind::IcStub) else { return Ok(None) };
        if stub.next_stub().is_some() {
            return Err(());
        }
        match Way::of(cx, stub) {
            Some(Way { accessor: true, .. }) => Err(()),
            way => Ok(way),
        }
    }

    /// The way that the site's decoded form says: its only stub need not be looked at then, which is seldom in the processor's caches.
    fn of_form(cx: &Context, site: &Site) -> Option<Way> {
        let (shape, found) = (site.guard.get(), site.loc.get());
        if shape == NO_SHAPE || shape == 0 {
            return None;
        }
        let own = |form| Loc::new(form, found.index() as u32);
        let (loc, holder) = match found.form() {
            Form::OwnInline | Form::OwnOutOfLine => (found, None),
            Form::HolderInline => (own(Form::OwnInline), Some(site.cell.get())),
            Form::HolderOutOfLine => (own(Form::OwnOutOfLine), Some(site.cell.get())),
            _ => return None,
        };
        Way { shape, chain: [0; MAX_HOPS], hops: 0, loc, accessor: false }.up_to(cx, holder, site.aux.get())
    }

    pub(super) fn of(cx: &Context, stub: Gc<IcStub>) -> Option<Way> {
        let shape = stub.guarded_shape();
        if stub.dead.get() || shape == NO_SHAPE || shape == 0 {
            return None;
        }
        let found = stub.loc.get();
        let own = |form| Loc::new(form, found.index() as u32);
        let (loc, holder, epoch) = match found.form() {
            Form::OwnInline | Form::OwnOutOfLine => (found, None, 0),
            Form::HolderInline => (own(Form::OwnInline), Some(stub.cell.get()), stub.aux.get()),
            Form::HolderOutOfLine => (own(Form::OwnOutOfLine), Some(stub.cell.get()), stub.aux.get()),
            Form::None => accessor_of(stub)?,
            _ => return None,
        };
        let accessor = found.form() == Form::None;
        Way { shape, chain: [0; MAX_HOPS], hops: 0, loc, accessor }.up_to(cx, holder, epoch)
    }

    /// The way with its prototypes up to the holder, if there is one; none if a prototype has changed since that was found, or they are too many.
    fn up_to(mut self, cx: &Context, holder: Option<Value>, epoch: u32) -> Option<Way> {
        let Some(holder) = holder else { return Some(self) };
        if epoch != cx.interp.proto_epoch.get() {
            return None;
        }
        let mut at = self.shape;
        loop {
            let object = cx.shape_of_id(at).prototype()?;
            at = object.shape_id();
            *self.chain.get_mut(self.hops)? = at;
            self.hops += 1;
            if holder == object.into() {
                return Some(self);
            }
        }
    }
}

using Temper.Kernels.Flow;
using Temper.Tensors.Flow;

namespace Temper.Tests.Tensors.Flow;

public sealed class PlaneStoresTests
{
    /// <summary>128 elements, padding included.</summary>
    private static readonly PlaneSize Size = new(8, 15);

    [Fact]
    public void Kept_memory_is_bounded_for_all_threads_together()
    {
        var stores = new PlaneStores<float>(largest: 300, total: 400);
        PlaneStore<float>[] used = [.. Enumerable.Range(0, 5).Select(_ => Used(stores.Take(), planes: 1))];
        Assert.Equal(0, stores.Kept);
        Array.ForEach(used, stores.Give);
        Assert.Equal(3 * 128, stores.Kept);

        // A store that has grown beyond what is kept of one is left to the garbage collector.
        PlaneStore<float> again = stores.Take();
        Assert.Contains(again, used);
        Assert.Equal(2 * 128, stores.Kept);
        stores.Give(Used(again, planes: 3));
        Assert.Equal(2 * 128, stores.Kept);
        stores.Give(Used(stores.Take(), planes: 2));
        Assert.Equal(3 * 128, stores.Kept);
    }

    private static PlaneStore<float> Used(PlaneStore<float> store, int planes)
    {
        Plane<float>[] rented = [.. Enumerable.Range(0, planes).Select(_ => store.Rent(Size))];
        Array.ForEach(rented, store.Return);
        return store;
    }
}

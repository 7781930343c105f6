namespace Temper.Data.Catalog;

/// <summary>The data sets in the catalog.</summary>
internal static class KnownSets
{
    internal static readonly IReadOnlyList<CatalogEntry> All =
    [
        new(
            "fashion-mnist",
            "70,000 pictures of clothes in 10 classes, 28 x 28 gray (Xiao, Rasul, Vollgraf 2017; MIT licence)",
            [
                new("train-images-idx3-ubyte.gz", "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
                new("train-labels-idx1-ubyte.gz", "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
                new("t10k-images-idx3-ubyte.gz", "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
                new("t10k-labels-idx1-ubyte.gz", "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
            ],
            ["https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/"],
            "dataset-fashion-mnist",
            "usr/share/datasets/fashion-mnist",
            ["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"]),
        new(
            "mnist",
            "70,000 handwritten digits, 28 x 28 gray (LeCun, Cortes, Burges)",
            [
                new("train-images-idx3-ubyte.gz", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
                new("train-labels-idx1-ubyte.gz", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
                new("t10k-images-idx3-ubyte.gz", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
                new("t10k-labels-idx1-ubyte.gz", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
            ],
            ["https://ossci-datasets.s3.amazonaws.com/mnist/"],
            DebianPackage: null,
            PackageFolder: null,
            ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]),
    ];
}

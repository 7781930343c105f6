namespace Temper.Data;

/// <summary>Interpolation used to resize pictures.</summary>
public enum PictureScaling
{
    /// <summary>Nearest neighbor.</summary>
    Nearest,

    /// <summary>Bilinear interpolation.</summary>
    Linear,
}
